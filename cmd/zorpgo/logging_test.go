package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"zorpgo/engine/admin"
)

// TestLogThatCannotBeWritten: neither a full disk nor a reader that is gone ends the program, or a session; what is lost
// is counted. Signals raise and lower the verbosity, as Zorp's do.
func TestLogThatCannotBeWritten(t *testing.T) {
	for name, open := range map[string]func() (*os.File, error){
		"full disk":   func() (*os.File, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) },
		"closed pipe": closedPipe,
	} {
		t.Run(name, func(t *testing.T) {
			log, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			p := startLogging(t, log)
			for range 3 {
				p.connect(t)
			}
			lost := regexp.MustCompile(`(?m)^zorpgo_log_write_failures_total [1-9]`)
			p.wait(t, "failures are counted", func() bool { return lost.MatchString(p.get(t, "/metrics")) })
			p.send(t, syscall.SIGUSR1)
			p.wait(t, "verbosity 4", func() bool { return p.log(t) == admin.Log{Verbose: 4, Spec: "*.summary:4,*.accounting:4"} })
			p.send(t, syscall.SIGUSR2)
			p.wait(t, "verbosity 3", func() bool { return p.log(t).Verbose == 3 })
			p.send(t, syscall.SIGTERM)
			if err := p.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func closedPipe() (*os.File, error) {
	r, w, err := os.Pipe()
	if err == nil {
		r.Close()
	}
	return w, err
}

// logged is a program whose log goes where a test wants it.
type logged struct {
	*exec.Cmd
	client http.Client
	at     string
}

func startLogging(t *testing.T, log *os.File) *logged {
	t.Helper()
	dir, at := t.TempDir(), freeAddress(t)
	socket, policy := filepath.Join(dir, "control.sock"), filepath.Join(dir, "mail.star")
	_, port, _ := net.SplitHostPort(at)
	text := fmt.Sprintf(`
from Zorp.Smtp import *
Service(name="mail", proxy_class=SmtpProxy, router=DirectedRouter(dest_addr=SockAddrInet("127.0.0.1", 1), forge_addr=FALSE))
Rule(service="mail", dst_port=%s, dst_subnet=("127.0.0.1",))
`, port)
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &logged{Cmd: exec.Command("zorpgo", "run", "--no-sandbox", "--socket", socket, policy), client: *client(socket), at: at}
	p.Stderr = log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	p.wait(t, "it serves", func() bool {
		answer, err := p.client.Get("http://zorpgo/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// connect has a session that has no server, from its greeting to its end.
func (p *logged) connect(t *testing.T) {
	t.Helper()
	conn, err := net.Dial("tcp", p.at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	b := make([]byte, 100)
	if n, err := conn.Read(b); err != nil || !strings.HasPrefix(string(b[:n]), "4") {
		t.Fatalf("%q, %v", b[:n], err)
	}
}

func (p *logged) send(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (p *logged) get(t *testing.T, path string) string {
	t.Helper()
	answer, err := p.client.Get("http://zorpgo" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (p *logged) log(t *testing.T) (now admin.Log) {
	t.Helper()
	if err := json.Unmarshal([]byte(p.get(t, "/log")), &now); err != nil {
		t.Fatal(err)
	}
	return now
}

func (p *logged) wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("waiting: %s", what)
		}
	}
}
