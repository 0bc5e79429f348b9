package builtins_test

import (
	"bufio"
	"context"
	"flag"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"zorpgo/builtins"
	"zorpgo/engine/encryption/certtest"
	"zorpgo/engine/match"
)

var update = flag.Bool("update", false, "rewrite what is expected")

// TestBroken loads each policy of the archives and compares its findings, with positions and hints.
func TestBroken(t *testing.T) {
	files, err := filepath.Glob("testdata/broken*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		broken(t, file)
	}
}

func broken(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		policy, want := archive.Files[i], &archive.Files[i+1]
		t.Run(strings.TrimSuffix(policy.Name, ".star"), func(t *testing.T) {
			_, found, err := builtins.Load(options(map[string]string{policy.Name: string(policy.Data)}), policy.Name)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if f.Hint == "" && f.ID != "runtime" {
					t.Errorf("it does not say what to write instead: %s", f)
				}
			}
			got := found.Error() + "\n"
			if *update {
				want.Data = []byte(got)
			} else if got != string(want.Data) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want.Data)
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// options are those of a policy that is made of the given files and resolves no name.
func options(files map[string]string) builtins.Options {
	return builtins.Options{
		ReadFile: func(name string) ([]byte, error) {
			if text, ok := files[name]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			switch host {
			case "spam.example.list.example.", "66.2.0.192.list.example.":
				return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
			case "good.example.list.example.":
				return nil, &net.DNSError{IsNotFound: true}
			case "client.example.com":
				return []netip.Addr{netip.MustParseAddr("172.16.40.10")}, nil
			case "mail.example.com":
				return []netip.Addr{netip.MustParseAddr("fd00::25"), netip.MustParseAddr("192.0.2.25")}, nil
			}
			return nil, os.ErrNotExist
		},
		LookupAddr: func(_ context.Context, addr string) ([]string, error) {
			if addr == "192.0.2.25" {
				return []string{"alias.example.com.", "mail.example.com."}, nil
			}
			return nil, os.ErrNotExist
		},
		ResolveAt: func(netip.AddrPort) match.Resolve {
			return func(context.Context, string) ([]netip.Addr, error) { return nil, nil }
		},
		DialMail: knowsBob,
		Open: func(name string) (fs.File, error) {
			if text, ok := files[name]; ok {
				return fstest.MapFS{"list": {Data: []byte(text)}}.Open("list")
			}
			return etc.Open(name)
		},
		Hostname:   func() (string, error) { return "fw.example.com", nil },
		Interfaces: played,
	}
}

// etc are the lists that there are.
var etc = files{fstest.MapFS{
	"etc/spammers":        {Data: []byte("@spam\\.example$\n\n@junk\\.example$\n")},
	"etc/friends":         {Data: []byte("^friend@")},
	"etc/zorpgo/spammers": {},
}}

type files struct{ fstest.MapFS }

// Open opens a file by its absolute name.
func (f files) Open(name string) (fs.File, error) {
	if file, err := f.MapFS.Open(strings.TrimPrefix(name, "/")); err == nil {
		return file, nil
	}
	return certtest.Open(name)
}

// knowsBob connects to a mail server that has one mailbox.
func knowsBob(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
	near, far := net.Pipe()
	go func() { // ends when near is closed
		defer far.Close()
		_, _ = far.Write([]byte("220 mx\r\n"))
		for lines := bufio.NewScanner(far); lines.Scan(); {
			reply := map[string]string{"RCPT TO:<eve@example.com>": "550 no", "RCPT TO:<later@example.com>": "451 busy"}[lines.Text()]
			if reply == "" {
				reply = "250 ok"
			}
			_, _ = far.Write([]byte(reply + "\r\n"))
		}
	}()
	return near, nil
}
