package peers

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// OpenSMTPD is a private OpenSMTPD. It does not know SMTPUTF8.
type OpenSMTPD struct{ box }

// opensmtpdConfig is its whole configuration, for a directory.
const opensmtpdConfig = `
listen on 172.16.20.254 port 25 hostname origin.example.com
smtp max-message-size "1M"
action "box" maildir "%[1]s/box" virtual { "bob@example.com" = nobody }
match from any for domain "example.com" action "box"
`

// StartOpenSMTPD starts OpenSMTPD as the origin. Its directories are compiled in, so it gets its own in their place.
func StartOpenSMTPD(t testing.TB, l *lab.Lab) OpenSMTPD {
	t.Helper()
	p := newPrivate(t, l, "opensmtpd", "opensmtpq")
	for _, dir := range []string{"/var/spool", "/var/lib", "/run"} {
		p.run = append(p.run, "mount -t tmpfs tmpfs "+dir)
	}
	p.run = append(p.run, "mkdir -p /var/lib/opensmtpd/empty", "mkdir -m 711 /var/spool/smtpd")
	helpers, err := filepath.Abs(libexec)
	must(t, err)
	p.bind(helpers, "/usr/libexec")
	must(t, chown(p.path("box"), "nobody"))
	p.file("smtpd.conf", fmt.Sprintf(opensmtpdConfig, p.dir))
	p.start(l.Server, opensmtpd, "-d", "-f", p.path("smtpd.conf"))
	awaitPort(t, l.Server, "172.16.20.254:25")
	return OpenSMTPD{box{t, p.path("box")}}
}

func chown(path, name string) error {
	owner, err := user.Lookup(name)
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	return os.Chown(path, id, -1)
}
