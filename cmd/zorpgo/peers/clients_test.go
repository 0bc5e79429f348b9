package peers

import (
	"bytes"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"zorpgo/cmd/zorpgo/lab"
)

// content is what the clients send: complete, so that no server adds to it, and with what is easily damaged.
var content = group("From: Alice <alice@example.net>", "To: Bob <bob@example.com>", "Date: Fri, 01 Jan 2027 00:00:00 +0000",
	"Message-Id: <one@example.net>", "Subject: dots and long lines", "MIME-Version: 1.0",
	"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
	"árvíztűrő tükörfúrógép", ".", "..", ".one dot, trailing blank ", strings.Repeat("x", 990), "", "")

// letter is a content to be sent, in the forms that clients want it.
type letter struct {
	crlf     []byte
	lf       []byte
	crlfFile string
	cutFile  string // LF at the ends of lines but the last, which swaks ends
}

func newLetter(l *lab.Lab) letter {
	lf := strings.ReplaceAll(content, "\r\n", "\n")
	return letter{
		crlf:     []byte(content),
		lf:       []byte(lf),
		crlfFile: l.File("letter", content),
		cutFile:  l.File("letter.cut", strings.TrimSuffix(lf, "\n")),
	}
}

// client is real software that sends a letter to Bob through zorpgo, and must think that it was taken.
type client struct {
	name string
	utf8 bool // its addresses need SMTPUTF8
	send func(*testing.T, *lab.Lab, letter)
}

var clients = []client{
	{"swaks", false, func(t *testing.T, l *lab.Lab, m letter) {
		l.Client.Swaks(firewall, "--to", "bob@example.com", "--data", "@"+m.cutFile)
	}},
	{"swaks, pipelined", false, func(t *testing.T, l *lab.Lab, m letter) {
		l.Client.Swaks(firewall, "--pipeline", "--to", "bob@example.com", "--data", "@"+m.cutFile)
	}},
	{"smtplib", false, func(t *testing.T, l *lab.Lab, m letter) { smtplib(l, m) }},
	{"smtplib, SMTPUTF8", true, func(t *testing.T, l *lab.Lab, m letter) { smtplib(l, m, "utf8") }},
	{"msmtp", false, func(t *testing.T, l *lab.Lab, m letter) { msmtp(l, m) }},
	{"curl", false, func(t *testing.T, l *lab.Lab, m letter) { curl(l, m) }},
	{"Postfix", false, func(t *testing.T, l *lab.Lab, m letter) {
		relay := l.Relay(firewall)
		relay.Send("bob@example.com", m.lf)
		relay.LogHas("status=sent (250 ")
		relay.Stop()
	}},
	{"go-smtp", false, func(t *testing.T, l *lab.Lab, m letter) {
		c := dial(t, l)
		must(t, c.SendMail("alice@example.net", []string{"bob@example.com"}, bytes.NewReader(m.crlf)))
		must(t, c.Quit())
	}},
	{"go-smtp, SMTPUTF8", true, func(t *testing.T, l *lab.Lab, m letter) {
		c := dial(t, l)
		must(t, c.Mail("älice@example.net", &smtp.MailOptions{UTF8: true, Body: smtp.Body8BitMIME, Size: int64(len(m.crlf))}))
		must(t, c.Rcpt("böb@example.com", nil))
		deliver(t, c, m.crlf)
		must(t, c.Quit())
	}},
}

func smtplib(l *lab.Lab, m letter, how ...string) {
	args := append([]string{"python3", "testdata/sendmail.py", firewall, "25"}, how...)
	l.Client.Run(lab.Command{Args: args, Stdin: string(m.crlf)}) // smtplib leaves line ends as they are
}

func msmtp(l *lab.Lab, m letter, how ...string) {
	args := append([]string{"msmtp", "--file=" + l.File("msmtprc", ""), "--host=" + firewall, "--port=25", "--tls=off",
		"--domain=client.example.net", "--from=alice@example.net"}, how...)
	l.Client.Run(lab.Command{Args: append(args, "bob@example.com"), Stdin: string(m.lf)})
}

func curl(l *lab.Lab, m letter, how ...string) {
	args := append([]string{"curl", "--silent", "--show-error", "--url", "smtp://" + firewall + "/client.example.net",
		"--mail-from", "alice@example.net", "--mail-rcpt", "bob@example.com", "--upload-file", m.crlfFile}, how...)
	l.Client.Run(lab.Command{Args: args})
}

// dial is go-smtp's client, connected and introduced.
func dial(t *testing.T, l *lab.Lab) *smtp.Client {
	t.Helper()
	conn, err := l.Client.Dial("", firewall+":25")
	must(t, err)
	c := smtp.NewClient(conn)
	must(t, c.Hello("client.example.net"))
	return c
}

// deliver sends mail data.
func deliver(t *testing.T, c *smtp.Client, content []byte) {
	t.Helper()
	data, err := c.Data()
	must(t, err)
	_, err = data.Write(content)
	must(t, err)
	must(t, data.Close())
}

// TestClients has every client send one letter to every server; it must arrive byte for byte.
func TestClients(t *testing.T) {
	each(t, func(t *testing.T, l *lab.Lab, o origin, started Origin) {
		m := newLetter(l)
		for _, c := range clients {
			if c.utf8 && !o.utf8 {
				continue
			}
			c.send(t, l, m)
			if got := started.Messages(1)[0]; !bytes.HasSuffix(got, m.lf) {
				t.Errorf("%s: stored was\n%q, want at its end\n%q", c.name, got, m.lf)
			}
		}
	})
}
