package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInheritedSocket has a socket opened before zorpgo starts: nobody else could listen at its port.
func TestInheritedSocket(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	policy := filepath.Join(t.TempDir(), "mail.star")
	text := fmt.Sprintf(`from Zorp.Smtp import *
Service(name="mail", proxy_class=SmtpProxy, router=DirectedRouter(dest_addr=SockAddrInet("127.0.0.1", 1)))
Rule(service="mail", dst_port=%s, dst_subnet="127.0.0.1")
`, port(l))
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec zorpgo run "$1"`, "sh", policy)
	var stderr strings.Builder
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+t.TempDir())
	cmd.Stderr, cmd.ExtraFiles = &stderr, []*os.File{file}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := greeting(t, l.Addr().String()); !strings.HasPrefix(got, "451 ") {
		t.Errorf("greeted with %q", got)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &stderr)
	}
}

func greeting(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Error(err)
	}
	return line
}

func TestNotInherited(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "1")
	if list, err := inherited(); list != nil || err != nil {
		t.Errorf("took the sockets of process 1: %v, %v", list, err)
	}
	t.Setenv("LISTEN_PID", fmt.Sprint(os.Getpid()))
	t.Setenv("LISTEN_FDS", "many")
	if _, err := inherited(); err == nil {
		t.Error("$LISTEN_FDS=many passed")
	}
}
