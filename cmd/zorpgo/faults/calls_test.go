package faults

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// calls fail one time in four, as they do where the system lacks memory or ports. Sessions are cut where nothing else can be done.
var calls = []struct {
	call, err string
	cuts      bool
}{
	{"accept4", "ENOBUFS", false}, {"accept4", "ENOMEM", false}, {"accept4", "ENFILE", false}, {"accept4", "ECONNABORTED", false}, {"accept4", "EPROTO", false},
	{"socket", "ENOBUFS", false}, {"socket", "EMFILE", false},
	{"connect", "EADDRNOTAVAIL", false}, {"connect", "ENETUNREACH", false}, {"connect", "ENOBUFS", false}, {"connect", "EAGAIN", false},
	{"epoll_ctl", "ENOMEM", true}, {"epoll_ctl", "ENOSPC", true}, {"getsockname", "ENOBUFS", true}, {"setsockopt", "ENOBUFS", true},
	{"read", "EINTR", true}, {"write,writev", "EINTR", true}, // cut only where strace ends within one: that is ENOSYS
}

// TestCallsThatFail: zorpgo stays, messages go on, nothing is confirmed that is not delivered, and nothing leaks.
func TestCallsThatFail(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil || os.Getuid() != 0 {
		if os.Getenv("ZORPGO_REQUIRE_LAB") != "" {
			t.Fatal("it needs strace and root")
		}
		t.Skip("to have system calls fail it needs strace and root")
	}
	each(t, func(t *testing.T, loops string) {
		s := newStage(t)
		p := s.start(nil, loops, "--pprof")
		must(t, s.session().quit())
		before := p.use()
		for _, c := range calls {
			load := s.traffic(c.call+" "+c.err, 2)
			load.await(2)
			end := p.failing(c.call, c.err)
			load.await(8)
			end()
			load.await(2)
			if c.cuts {
				load.end()
			} else {
				load.served()
			}
		}
		p.settles(before)
	})
}

// failing has system calls of the running zorpgo fail until it is ended.
func (p *process) failing(call, err string) (end func()) {
	p.t.Helper()
	cmd := exec.Command("strace", "-f", "-e", "trace="+call, "-e", "signal=none", "-e", "inject="+call+":error="+err+":when=2+4",
		"-o", os.DevNull, "-p", strconv.Itoa(p.cmd.Process.Pid))
	said, bad := cmd.StderrPipe()
	must(p.t, bad)
	must(p.t, cmd.Start())
	if line, err := bufio.NewReader(said).ReadString('\n'); err != nil || !strings.Contains(line, "attached") {
		p.t.Fatalf("strace says %q, %v", line, err)
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
}
