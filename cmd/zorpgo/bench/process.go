package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// place is where a proxy runs: a folder of its own, where it listens, where the origin is.
type place struct {
	dir            string
	listen, origin address
	spare          address // an address more, for peers that need one
	identity       *identity
	security
}

// address is HOST:PORT on loopback.
type address struct {
	host string
	port int
}

func (a address) String() string { return fmt.Sprintf("%s:%d", a.host, a.port) }

// process is a proxy that runs.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it ended
}

// launch runs a program until stop; it ends with this process at the latest.
func launch(dir string, args []string) (*process, error) {
	p := &process{cmd: exec.Command(args[0], args[1:]...), log: filepath.Join(dir, "log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+dir) // of control sockets: others may run here
	// A group of its own: Ctrl-C is for bench alone, which then stops it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the process
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// ready waits until it accepts connections.
func (p *process) ready(ctx context.Context, at string) error {
	for end := time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil; pause(ctx, 5*time.Millisecond) {
		select {
		case <-p.done:
			return fmt.Errorf("it ended at once: %s", p.lastWords())
		default:
		}
		if conn, err := net.Dial("tcp", at); err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("it does not listen at %s: %s", at, p.lastWords())
}

// lastWords is the end of what it wrote.
func (p *process) lastWords() []byte {
	text, _ := os.ReadFile(p.log)
	return bytes.TrimSpace(text[max(0, len(text)-1000):])
}

// farewell is how long a process may take to end when it is asked to.
const farewell = 3 * time.Second

// stop ends the process and what it started, by pid and nothing else.
func (p *process) stop() {
	members := family(p.pid())
	tell(members, syscall.SIGTERM)
	for end := time.Now().Add(farewell); time.Now().Before(end) && tell(members, 0) > 0; {
		time.Sleep(5 * time.Millisecond)
	}
	tell(members, syscall.SIGKILL)
	<-p.done
}

// tell sends s to those that still live, and returns how many that are.
func tell(members map[int]stat, s syscall.Signal) (alive int) {
	for pid, member := range members {
		if now, ok := readStat(pid); ok && now.birth == member.birth && syscall.Kill(pid, s) == nil {
			alive++
		}
	}
	return alive
}

// freePort is one that nobody listens on, below those that outgoing connections get.
func freePort() (address, error) {
	var failure error
	for range 100 {
		at := address{host: loopback, port: 20000 + rand.IntN(10000)}
		l, err := net.Listen("tcp", at.String())
		if err == nil {
			return at, l.Close()
		}
		failure = err
	}
	return address{}, fmt.Errorf("find a free port: %w", failure)
}

const loopback = "127.0.0.1"
