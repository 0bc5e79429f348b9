package peers

import (
	"fmt"
	"os"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// Exim is a private Exim.
type Exim struct{ box }

// eximConfig is its whole configuration, for a directory.
const eximConfig = `
primary_hostname = origin.example.com
spool_directory = %[1]s/spool
log_file_path = %[1]s/log/%%slog
pid_file_path = %[1]s/spool/pid
deliver_drop_privilege = true
keep_environment =
tls_advertise_hosts =
tls_certificate = $primary_hostname
host_lookup =
message_size_limit = 1M
smtp_max_synprot_errors = 20
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  accept domains = example.com
         local_parts = bob : böb
  deny   domains = example.com
         message = no such user
  deny   message = relay not permitted
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = %[1]s/box
  maildir_format
`

// StartExim starts Exim as the origin.
func StartExim(t testing.TB, l *lab.Lab) Exim {
	t.Helper()
	p := newPrivate(t, l, "Debian-exim")
	for _, dir := range []string{"spool", "log"} {
		must(t, os.Mkdir(p.path(dir), 0o755))
	}
	for _, dir := range []string{"spool", "log", "box"} {
		must(t, os.Chown(p.path(dir), firstUser, firstUser))
	}
	p.file("exim.conf", fmt.Sprintf(eximConfig, p.dir))
	t.Cleanup(func() { p.showLog(t) })
	p.start(l.Server, exim, "-C", p.path("exim.conf"), "-bdf")
	awaitPort(t, l.Server, "172.16.20.254:25")
	return Exim{box{t, p.path("box")}}
}

// showLog adds Exim's log to a failed test.
func (p *private) showLog(t testing.TB) {
	if log, err := os.ReadFile(p.path("log/mainlog")); t.Failed() && err == nil {
		t.Logf("exim wrote:\n%s", log)
	}
}
