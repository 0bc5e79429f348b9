package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Postfix is a private Postfix on a host of the lab. Its Journal is its mail log.
type Postfix struct {
	*Process
	host      *Host
	dir       string
	delivered int
}

// Origin starts the Postfix that the use case protects: it takes any mail from anybody, for example.com into the
// mailbox that Delivered reads, for other domains into nothing. Here it knows a client by the address alone. Lines of
// config have the last word in its main.cf.
func (l *Lab) Origin(config ...string) *Postfix {
	l.t.Helper()
	return l.postfix(l.Server, `
myhostname = origin.example.com
virtual_mailbox_domains = example.com
virtual_mailbox_maps = static:mailbox/
virtual_mailbox_base = $queue_directory/..
virtual_mailbox_limit = 0
virtual_uid_maps = static:`+userID("nobody")+`
virtual_gid_maps = static:`+userID("nobody")+`
default_transport = discard:
relay_transport = discard:
mynetworks = 0.0.0.0/0 [::]/0
`+strings.Join(config, "\n")+"\n")
}

// Relay starts a Postfix on the client that sends all its mail to the given address. Lines of config have the last word
// in its main.cf.
func (l *Lab) Relay(to string, config ...string) *Postfix {
	l.t.Helper()
	return l.postfix(l.Client, `
myhostname = client.example.net
relayhost = [`+to+`]
inet_interfaces = loopback-only
minimal_backoff_time = 1s
`+strings.Join(config, "\n")+"\n")
}

func userID(name string) string {
	u, err := user.Lookup(name)
	if err != nil {
		return ""
	}
	return u.Uid
}

// postfix starts an instance with that on top of the common configuration, and waits until it works.
func (l *Lab) postfix(h *Host, config string) *Postfix {
	l.t.Helper()
	dir := l.Dir()
	for name, owner := range map[string]string{"etc": "root", "queue": "root", "data": "postfix", "mailbox": "nobody"} {
		must(l.t, makeDir(filepath.Join(dir, name), 0o755, owner))
	}
	for name, mode := range queues {
		must(l.t, makeDir(filepath.Join(dir, "queue", name), mode, "postfix"))
	}
	etc := filepath.Join(dir, "etc")
	must(l.t, writeOld(filepath.Join(etc, "main.cf"), fmt.Sprintf(commonConfig, dir)+config))
	must(l.t, writeOld(filepath.Join(etc, "master.cf"), masterConfig))
	p := &Postfix{Process: h.Start(Command{ // what "postfix start-fg" comes to, without its checks
		Args:  []string{daemon("master"), "-c", etc, "-s"},
		Env:   []string{"MAIL_CONFIG=" + etc},
		Apart: true,
	}), host: h, dir: dir}
	p.LogHas("daemon started")
	return p
}

// writeOld writes a file that looks a minute old: Postfix waits until its configuration is.
func writeOld(path, content string) error {
	old := time.Now().Add(-time.Minute)
	return errors.Join(os.WriteFile(path, []byte(content), 0o644), os.Chtimes(path, old, old))
}

// daemon is where the package has one of its daemons: its default, as there may be no main.cf.
func daemon(name string) string {
	dir, _ := exec.Command("postconf", "-d", "-h", "daemon_directory").Output() // "" gives an error at its use
	return filepath.Join(strings.TrimSpace(string(dir)), name)
}

func makeDir(path string, mode fs.FileMode, owner string) error {
	if err := os.Mkdir(path, mode); err != nil {
		return err
	}
	id, err := strconv.Atoi(userID(owner))
	if err != nil {
		return err
	}
	return errors.Join(os.Chmod(path, mode), os.Chown(path, id, -1))
}

// Send gives a message to this Postfix as a local user does.
func (p *Postfix) Send(to string, message []byte) {
	p.t.Helper()
	p.host.Run(Command{
		Args:  []string{"sendmail", "-C", filepath.Join(p.dir, "etc"), "-i", "-f", "alice@example.net", to},
		Stdin: string(message),
	})
}

// Delivered waits until the mailbox has n messages more than when it was last called, and gives them. The mailbox is
// emptied.
func (p *Postfix) Delivered(n int) [][]byte {
	p.t.Helper()
	p.delivered += n
	p.LogHasTimes(p.delivered, "status=sent (delivered to maildir)")
	var messages [][]byte
	files, err := filepath.Glob(filepath.Join(p.dir, "mailbox/new/*"))
	must(p.t, err)
	for _, file := range files {
		message, err := os.ReadFile(file)
		must(p.t, err)
		must(p.t, os.Remove(file))
		messages = append(messages, message)
	}
	return messages
}

// Queued counts the complete messages that are in the queue, delivered or not yet.
func (p *Postfix) Queued() int {
	p.t.Helper()
	complete := 0
	for _, queue := range []string{"maildrop", "incoming", "active", "deferred", "hold"} {
		must(p.t, filepath.WalkDir(filepath.Join(p.dir, "queue", queue), func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode()&0o100 != 0 { // Postfix's sign that all of it is there
				complete++
			}
			return err
		}))
	}
	return complete
}
