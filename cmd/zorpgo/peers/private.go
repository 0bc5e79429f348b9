package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// private is a server of another package system: it runs with users and directories that exist for it alone.
type private struct {
	t   testing.TB
	dir string
	run []string // shell commands that prepare its mount namespace
}

// newPrivate prepares for a server that needs those users, who get the numbers from firstUser on.
func newPrivate(t testing.TB, l *lab.Lab, users ...string) *private {
	t.Helper()
	p := &private{t: t, dir: l.Dir()}
	for i, name := range users {
		p.extend("/etc/passwd", fmt.Sprintf("%s:x:%d:%d::/:/bin/false\n", name, firstUser+i, firstUser+i))
		p.extend("/etc/group", fmt.Sprintf("%s:x:%d:\n", name, firstUser+i))
	}
	p.file("resolv.conf", "nameserver 127.0.0.1\n") // where nobody listens: no look-up waits
	p.bind(p.path("resolv.conf"), "/etc/resolv.conf")
	must(t, os.Mkdir(p.path("box"), 0o755))
	return p
}

const firstUser = 64901

func (p *private) path(name string) string { return filepath.Join(p.dir, name) }

func (p *private) file(name, content string) {
	p.t.Helper()
	must(p.t, os.WriteFile(p.path(name), []byte(content), 0o644))
}

// bind shows the server from in the place of at.
func (p *private) bind(from, at string) { p.run = append(p.run, "mount --bind "+from+" "+at) }

// extend shows the server the system's file with a line more.
func (p *private) extend(system, line string) {
	p.t.Helper()
	name := filepath.Base(system)
	if _, err := os.Stat(p.path(name)); os.IsNotExist(err) {
		text, err := os.ReadFile(system)
		must(p.t, err)
		p.file(name, string(text))
		p.bind(p.path(name), system)
	}
	text, err := os.ReadFile(p.path(name))
	must(p.t, err)
	p.file(name, string(text)+line)
}

// start runs the program on the server's host, when its mount namespace is ready.
func (p *private) start(h *lab.Host, args ...string) *lab.Process {
	p.t.Helper()
	program, err := filepath.Abs(args[0])
	must(p.t, err)
	script := strings.Join(p.run, "\n") + "\nexec " + program + " " + strings.Join(args[1:], " ")
	return h.Start(lab.Command{Args: []string{"unshare", "--mount", "sh", "-ec", script}, Apart: true})
}
