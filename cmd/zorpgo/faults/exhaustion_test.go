package faults

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limit lets the running process have only so many descriptors more than it has; it returns what takes that back.
func (p *process) limit(more int) (restore func()) {
	p.t.Helper()
	var old unix.Rlimit
	now := uint64(p.use().files + more)
	must(p.t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &old))
	must(p.t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: now, Max: old.Max}, nil))
	return func() { must(p.t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &old, nil)) }
}

// logsLine waits until zorpgo has written it.
func (p *process) logsLine(text string) {
	p.t.Helper()
	if !eventually(func() bool { return strings.Contains(p.logs(), text) }) {
		p.t.Errorf("the log lacks %s", text)
	}
}

// TestNoDescriptors: where descriptors run out, while accepting or while connecting, sessions that there are go on, a
// reload comes to an end, whether there is a descriptor for it or not; later all is as before.
func TestNoDescriptors(t *testing.T) {
	for _, spare := range []int{0, 1, 2, 5} {
		each(t, func(t *testing.T, loops string) { noDescriptors(t, loops, spare) })
	}
}

func noDescriptors(t *testing.T, loops string, spare int) {
	s := newStage(t)
	p := s.start(nil, loops, "--pprof")
	must(t, s.session().quit())
	before := p.use()
	stays := s.session()
	restore := p.limit(spare)
	var waiting []net.Conn
	for range 12 {
		conn, err := net.DialTimeout("tcp4", s.at, patience)
		must(t, err)
		defer conn.Close()
		waiting = append(waiting, conn)
	}
	p.logsLine("too many open files")
	must(t, stays.deliver("while there are none"))
	p.signal(syscall.SIGHUP)
	if !eventually(func() bool { return p.count("READY=1") >= 2 }) {
		t.Error("the service manager was not told of the reload's end")
	}
	restore()
	for i, conn := range waiting {
		must(t, conn.SetDeadline(time.Now().Add(patience)))
		if got, err := newClient(conn).reply(); !strings.HasPrefix(got, "220 ") && !strings.HasPrefix(got, "4") {
			t.Errorf("client %d was told %q, %v", i, got, err)
		}
		conn.Close()
	}
	last := s.session()
	must(t, last.deliver("afterwards"))
	must(t, last.quit())
	must(t, stays.quit())
	if s.origin.has("while there are none") != 1 || s.origin.has("afterwards") != 1 {
		t.Error("a message is lost")
	}
	p.settles(before)
}

// count is how often the service manager was told.
func (p *process) count(state string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.states {
		if strings.Contains(s, state) {
			n++
		}
	}
	return n
}

// TestFewDescriptors: zorpgo that has few from the start serves whom it can, and puts the others off.
func TestFewDescriptors(t *testing.T) {
	s := newStage(t)
	s.before = "ulimit -n 48; "
	p := s.start(nil)
	load := s.traffic("few", 40)
	load.await(100)
	load.served()
	p.signal(syscall.SIGTERM)
	if got := p.wait(); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// TestFullDisk: logs that cannot be written are lost and counted; mail goes on, and so do the logs once there is room.
func TestFullDisk(t *testing.T) {
	each(t, func(t *testing.T, loops string) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		must(t, err)
		defer full.Close()
		s := newStage(t)
		p := s.start(full, loops)
		load := s.traffic("full", 2)
		load.await(50)
		load.unharmed()
		if n := p.metric("zorpgo_log_write_failures_total"); n == 0 {
			t.Error("no lost record is counted")
		}
	})
}

// tmpfs is a small file system of its own.
func tmpfs(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		if os.Getenv("ZORPGO_REQUIRE_LAB") != "" {
			t.Fatal(err)
		}
		t.Skipf("a file system of its own needs root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestDiskThatFills(t *testing.T) {
	path := filepath.Join(tmpfs(t, "size=64k"), "log")
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	must(t, err)
	defer log.Close()
	s := newStage(t)
	p := s.start(log)
	load := s.traffic("fills", 2)
	if !eventually(func() bool { return p.metric("zorpgo_log_write_failures_total") > 10 }) {
		t.Error("the disk is not full")
	}
	load.await(20)
	must(t, os.Truncate(path, 0))
	load.await(20)
	load.unharmed()
	if text, err := os.ReadFile(path); err != nil || !bytes.Contains(text, []byte("session closed")) {
		t.Errorf("nothing is logged after there is room again: %v", err)
	}
}

// TestNoRoomForSocket: a control socket that was asked for and cannot be made is why zorpgo does not start.
func TestNoRoomForSocket(t *testing.T) {
	dir := tmpfs(t, "nr_inodes=1")
	s := newStage(t)
	cmd := exec.Command(os.Getenv(envBinary), "run", "--socket", filepath.Join(dir, "control"), s.policy)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.Contains(string(out), "no space left on device") {
		t.Errorf("%v: %s", err, out)
	}
}
