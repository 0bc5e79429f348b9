package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Command is what to run on a host.
type Command struct {
	Args    []string // the program and its arguments
	Stdin   string
	Env     []string   // on top of the test's own
	Without []uintptr  // capabilities (CAP_...) that it may not have
	Files   []*os.File // descriptors from 3 on
	Apart   bool       // in a process namespace of its own: all that it started ends with it
}

// Process is a program that runs on a host of the lab. Its Journal is what it wrote.
type Process struct {
	*Journal
	cmd  *exec.Cmd
	done chan struct{} // closed when it ended
}

// apart is the first process of a process namespace, with whose end all others of it end. The program itself would
// not do: Pdeathsig is lost when a process changes its user for a while, as Postfix's master does.
const apart = `trap 'kill $program' TERM; "$@" & program=$!; wait $program; wait $program`

// Start runs a command until it ends, or the test.
func (h *Host) Start(c Command) *Process {
	h.t.Helper()
	p := &Process{Journal: newJournal(h.t, filepath.Base(c.Args[0])+" on "+h.name), done: make(chan struct{})}
	args := c.Args
	if c.Apart {
		args = append([]string{"sh", "-c", apart, "sh"}, args...)
	}
	p.cmd = exec.Command(args[0], args[1:]...)
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = strings.NewReader(c.Stdin), p.Journal, p.Journal
	p.cmd.ExtraFiles = c.Files
	p.cmd.WaitDelay = patience // a child of it may hold its output open
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if c.Apart {
		p.cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	}
	started := make(chan error, 2)
	// The thread that started the process must live as long: Pdeathsig tells of the thread's end.
	go func() {
		started <- h.inside(func() error {
			if err := p.start(c.Without); err != nil {
				return err
			}
			started <- nil
			p.cmd.Wait()
			p.Journal.close()
			close(p.done)
			return nil
		})
	}()
	must(h.t, <-started)
	h.t.Cleanup(p.Kill)
	return p
}

func (p *Process) start(without []uintptr) error {
	for _, capability := range without {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	return p.cmd.Start()
}

// Run runs a command to its end; its exit status must be 0.
func (h *Host) Run(c Command) *Process {
	h.t.Helper()
	p := h.Start(c)
	if status := p.Wait(); status != 0 {
		h.t.Fatalf("%s: exit status %d:\n%s", strings.Join(c.Args, " "), status, p)
	}
	return p
}

// StartReady runs a command that says READY=1 to $NOTIFY_SOCKET, and waits for that.
func (l *Lab) StartReady(h *Host, c Command) *Process {
	l.t.Helper()
	return l.StartReadyAs(h, c, 0)
}

// StartReadyAs is StartReady for a command that takes the rights of a user.
func (l *Lab) StartReadyAs(h *Host, c Command, user int) *Process {
	l.t.Helper()
	dir, err := os.MkdirTemp(l.dir, "notify-")
	must(l.t, err)
	path := filepath.Join(dir, "socket")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(l.t, err)
	defer socket.Close()
	must(l.t, os.Chown(dir, user, -1))
	must(l.t, os.Chown(path, user, -1))
	c.Env = append(c.Env, "NOTIFY_SOCKET="+path)
	p := h.Start(c)
	defer context.AfterFunc(p.context(), func() { socket.SetDeadline(time.Now()) })()
	if err := awaitReady(socket); err != nil {
		l.t.Fatalf("%s: not ready: %v:\n%s", strings.Join(c.Args, " "), err, p)
	}
	return p
}

func awaitReady(socket *net.UnixConn) error {
	if err := socket.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	for {
		n, err := socket.Read(buf)
		if err != nil || strings.Contains("\n"+string(buf[:n])+"\n", "\nREADY=1\n") {
			return err
		}
	}
}

// context is done when the process ended.
func (p *Process) context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-p.done
		cancel()
	}()
	return ctx
}

// Wait waits for the end of the process and gives its exit status.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.Kill()
		p.t.Fatalf("%s: does not end:\n%s", p.name, p)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Stop asks the process to end (SIGTERM), waits, and gives its exit status.
func (p *Process) Stop() int {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Reload asks the process to read its files again (SIGHUP).
func (p *Process) Reload() {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(syscall.SIGHUP))
}

// Kill ends the process as a crash does (SIGKILL). It is no error if it ended before.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// Peak is the most memory that the process ever held, in bytes (VmHWM).
func (p *Process) Peak() int {
	p.t.Helper()
	kib, _, _ := strings.Cut(p.Status("VmHWM"), " ")
	n, err := strconv.Atoi(kib)
	must(p.t, err)
	return n << 10
}

// Status is a field of what the kernel says of the process (/proc/PID/status).
func (p *Process) Status(field string) string {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(p.t, err)
	_, rest, _ := strings.Cut(string(status), "\n"+field+":")
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}
