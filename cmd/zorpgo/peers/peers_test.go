package peers

import (
	"os"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

func TestMain(m *testing.M) { os.Exit(lab.Main(m)) }

const (
	firewall = "172.16.40.1" // where zorpgo listens
	server   = "172.16.20.254"
)

// newLab is a lab for t, or skips t.
func newLab(t *testing.T) *lab.Lab {
	t.Helper()
	l := lab.New(t)
	if why := Missing(); why != "" {
		if os.Getenv("ZORPGO_REQUIRE_LAB") != "" {
			t.Fatal(why)
		}
		t.Skip("no peers: " + why)
	}
	return l
}

// run starts the published policy of the use case.
func run(l *lab.Lab) { l.Zorpgo("../lab/testdata/zones.star", "../lab/testdata/mail.star") }

// origin is one kind of origin.
type origin struct {
	name  string
	start func(*testing.T, *lab.Lab) Origin
	utf8  bool   // it knows SMTPUTF8
	drops string // the EHLO keywords that zorpgo does not show its clients
}

var origins = []origin{
	{"Postfix", func(_ *testing.T, l *lab.Lab) Origin { return StartPostfix(l) }, true, "VRFY"},
	{"Exim", func(t *testing.T, l *lab.Lab) Origin { return StartExim(t, l) }, true, "PIPECONNECT HELP"},
	{"OpenSMTPD", func(t *testing.T, l *lab.Lab) Origin { return StartOpenSMTPD(t, l) }, false, "HELP"},
	{"go-smtp", func(t *testing.T, l *lab.Lab) Origin { return StartGoSMTP(t, l) }, true, ""},
}

// each runs a test against every origin, with zorpgo before it.
func each(t *testing.T, test func(*testing.T, *lab.Lab, origin, Origin)) {
	for _, o := range origins {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			started := o.start(t, l)
			run(l)
			test(t, l, o, started)
		})
	}
}
