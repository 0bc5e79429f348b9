package encryption

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zorpgo/engine/encryption/certtest"
)

// stand is a directory of files, a clock and a log.
type stand struct {
	*testing.T
	dir string

	mu   sync.Mutex
	time time.Time
	logs strings.Builder
}

func newStand(t *testing.T) (*stand, *Files) {
	s := &stand{T: t, dir: t.TempDir(), time: time.Now()}
	return s, &Files{Now: s.now, Log: slog.New(slog.NewTextHandler(s, nil))}
}

func (s *stand) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time
}

func (s *stand) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

// Write takes what is logged.
func (s *stand) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs.Write(b)
}

// logged is what was logged since the last call.
func (s *stand) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.logs.Reset()
	return s.logs.String()
}

// file puts text in place of a file, as an administrator's tools do, and returns the file's name.
func (s *stand) file(name, text string) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.Fatal(err)
	}
	return path
}

// certificate is what was issued, in files.
func (s *stand) certificate(files *Files, name string, i certtest.Issued) *Certificate {
	s.Helper()
	c, err := NewCertificate(files, Source{File: s.file(name+".pem", i.PEM)}, Key{Source: Source{File: s.file(name+".key", i.KeyPEM(s))}})
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// wire is a connection over loopback.
func wire(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// meet has a client handshake with a side, and then hear one byte. It returns what each knows of the connection.
func meet(t *testing.T, side *ClientSide, config *tls.Config) (client, server tls.ConnectionState, err error) {
	t.Helper()
	near, far := wire(t)
	done := make(chan error, 1)
	go func() { // ends with the handshake
		conn, err := side.Accept(context.Background(), far)
		if err == nil {
			server = conn.ConnectionState()
			_, err = conn.Write([]byte("x"))
		} else {
			far.Close()
		}
		done <- err
	}()
	conn := tls.Client(near, config)
	_, hears := io.ReadFull(conn, make([]byte, 1))
	if hears != nil {
		near.Close()
	}
	if err = <-done; err == nil {
		err = hears
	}
	return conn.ConnectionState(), server, err
}

// reach has a side handshake with a server.
func reach(t *testing.T, side *ServerSide, config *tls.Config) (state tls.ConnectionState, at netip.AddrPort, err error) {
	t.Helper()
	near, far := wire(t)
	at = netip.MustParseAddrPort(near.RemoteAddr().String())
	return reachAt(t, side, config, near, far, at)
}

func reachAt(t *testing.T, side *ServerSide, config *tls.Config, near, far net.Conn, at netip.AddrPort) (tls.ConnectionState, netip.AddrPort, error) {
	t.Helper()
	done := make(chan struct{})
	go func() { // ends with the handshake
		defer close(done)
		server := tls.Server(far, config)
		if server.Handshake() == nil {
			_, _ = server.Write([]byte("x"))
		}
	}()
	conn, err := side.Connect(context.Background(), near, at)
	if err != nil {
		near.Close()
		<-done
		return tls.ConnectionState{}, at, err
	}
	_, err = io.ReadFull(conn, make([]byte, 1))
	<-done
	return conn.ConnectionState(), at, err
}

// says checks that an error is there or not, and what it says.
func says(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("it is refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("it is accepted, want %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("got %v, want %q", err, want)
	}
}
