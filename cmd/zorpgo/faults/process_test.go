package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zorpgo/engine/encryption/certtest"
)

// stage is where zorpgo runs: its policy, its listening socket, which outlives it, and the origin behind it.
type stage struct {
	t      testing.TB
	dir    string
	policy string
	origin *origin
	door   *net.TCPListener
	at     string

	service string // more of what the policy says of its service
	more    string // of the policy
	before  string // commands of the shell that starts zorpgo
}

// policyText is a policy with relay control: more of its class, the origin's port, more of its service, the port.
const policyText = `from Zorp.Smtp import *
from Zorp.Encryption import *
Zone("all", addrs=["127.0.0.0/8"])
EncryptionPolicy(name="tls", encryption=ClientOnlyStartTLSEncryption(
    client_certificate_generator=StaticCertificate(Certificate.fromFile("mail.pem", PrivateKey.fromFile("mail.key"))),
    client_verify=ClientNoneVerifier()))
class Checked(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.relay_domains = ("example.com",)
        self.permit_extensions = SMTP_EXT_ALL
%s
Service(name="in", proxy_class=Checked, router=DirectedRouter(SockAddrInet("127.0.0.1", %s)), %s)
Rule(service="in", dst_port=%s, src_zone="all", dst_subnet="127.0.0.1")
`

func newStage(t testing.TB) *stage {
	t.Helper()
	dir, err := os.MkdirTemp("", "zorpgo") // the path of a socket is short
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	s := &stage{t: t, dir: dir, origin: newOrigin(t), door: l.(*net.TCPListener), at: l.Addr().String()}
	s.policy = filepath.Join(dir, "mail.star")
	must(t, certtest.WriteTo(dir))
	s.write("")
	return s
}

// encrypt has the policy offer STARTTLS, and clients use it.
func (s *stage) encrypt() *stage {
	s.service = `encryption_policy="tls"`
	s.write("")
	return s
}

// write makes the policy; class is more of its class.
func (s *stage) write(class string) {
	s.t.Helper()
	text := fmt.Sprintf(policyText, class, port(s.origin), s.service, port(s.door))
	must(s.t, os.WriteFile(s.policy+".new", []byte(text+s.more), 0o600))
	must(s.t, os.Rename(s.policy+".new", s.policy))
}

// process is a running zorpgo.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	socket  string
	log     string // the file
	done    chan struct{}
	manager *net.UnixConn

	mu     sync.Mutex
	states []string // that the service manager was told
}

// start starts a zorpgo on the stage's socket and waits until it serves; log: where its standard error goes, nil for a
// file.
func (s *stage) start(log *os.File, flags ...string) *process {
	s.t.Helper()
	dir, err := os.MkdirTemp(s.dir, "run")
	must(s.t, err)
	p := &process{t: s.t, socket: filepath.Join(dir, "control"), log: filepath.Join(dir, "log"), done: make(chan struct{})}
	notify := filepath.Join(dir, "notify")
	p.manager, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	must(s.t, err)
	s.t.Cleanup(func() { p.manager.Close() })
	go p.hear() // ends with the socket
	if log == nil {
		log, err = os.Create(p.log)
		must(s.t, err)
		defer log.Close()
	}
	door, err := s.door.File()
	must(s.t, err)
	defer door.Close()
	args := append([]string{"-c", s.before + `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`, "sh", os.Getenv(envBinary), "run", "--socket", p.socket, s.policy}, flags...)
	p.cmd = exec.Command("sh", args...)
	p.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify)
	p.cmd.Stderr, p.cmd.ExtraFiles = log, []*os.File{door}
	must(s.t, p.cmd.Start())
	go func() { // ends with the process
		_ = p.cmd.Wait()
		close(p.done)
	}()
	s.t.Cleanup(p.end)
	p.told("READY=1")
	return p
}

// end kills what still runs, and shows what a failed test may want to know.
func (p *process) end() {
	_ = p.cmd.Process.Kill()
	<-p.done
	if text, err := os.ReadFile(p.log); err == nil && p.t.Failed() {
		p.t.Logf("the end of the log:\n%s", text[max(0, len(text)-6000):])
	}
}

// hear keeps what the service manager is told, until its socket is closed.
func (p *process) hear() {
	for b := make([]byte, 4096); ; {
		n, err := p.manager.Read(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.states = append(p.states, string(b[:n]))
		p.mu.Unlock()
	}
}

// told waits until the service manager was told.
func (p *process) told(state string) {
	p.t.Helper()
	if !eventually(func() bool { return p.heard(state) || p.over() }) || !p.heard(state) {
		p.t.Fatalf("the service manager was not told %s, but %q", state, p.states)
	}
}

func (p *process) heard(state string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.states, func(s string) bool { return strings.Contains("\n"+s+"\n", "\n"+state+"\n") })
}

func (p *process) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
}

// wait waits for the end and gives the exit status.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatal("zorpgo does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// ask sends a request to the control socket and gives the status and the answer.
func (p *process) ask(method, path string) (int, string) {
	p.t.Helper()
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", p.socket)
		}}}
	r, err := http.NewRequest(method, "http://zorpgo"+path, nil)
	must(p.t, err)
	answer, err := c.Do(r)
	must(p.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(p.t, err)
	return answer.StatusCode, string(text)
}

// logs is what zorpgo wrote so far.
func (p *process) logs() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// use is what a process takes of its host.
type use struct{ goroutines, files, rss int }

func (u use) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MiB", u.goroutines, u.files, float64(u.rss)/(1<<20))
}

func (p *process) use() use {
	p.t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	must(p.t, err)
	pages, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	must(p.t, err)
	rss, err := strconv.Atoi(strings.Fields(string(pages))[1])
	must(p.t, err)
	return use{goroutines: p.metric("go_goroutines"), files: len(files), rss: rss * os.Getpagesize()}
}

// metric is one of the numbers at /metrics, 0 if it is not there.
func (p *process) metric(name string) int {
	p.t.Helper()
	_, text := p.ask(http.MethodGet, "/metrics")
	_, rest, _ := strings.Cut(text, "\n"+name+" ")
	value, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseFloat(value, 64)
	return int(n)
}

// settles waits until the process uses no more goroutines and descriptors than before.
func (p *process) settles(before use) {
	p.t.Helper()
	var now use
	if !eventually(func() bool {
		now = p.use()
		return now.goroutines <= before.goroutines && now.files <= before.files
	}) {
		_, stacks := p.ask(http.MethodGet, "/debug/pprof/goroutine?debug=1")
		p.t.Errorf("before: %s; now: %s: %q\n%s", before, now, p.files(), stacks)
	}
}

// files are what its descriptors are of.
func (p *process) files() (list []string) {
	dir := fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid)
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		to, _ := os.Readlink(filepath.Join(dir, f.Name()))
		list = append(list, to)
	}
	return list
}
