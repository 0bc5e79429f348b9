package peers

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"zorpgo/cmd/zorpgo/lab"
)

// GoSMTP is a server made with go-smtp, in the test's own process. Besides Bob's it takes any mail for bulk.example.
type GoSMTP struct {
	t     testing.TB
	mails chan Mail
	auth  func(mechanism string, signIn func(user string)) (sasl.Server, error) // nil: it knows no AUTH
}

// Mail is a message as a GoSMTP got it.
type Mail struct {
	From      string
	To        []string
	UTF8      bool   // MAIL said SMTPUTF8
	User      string // who signed in
	Mechanism string // and how
	Content   []byte // as it was on the wire, less the dots of transparency
}

// StartGoSMTP starts one as the origin.
func StartGoSMTP(t testing.TB, l *lab.Lab) *GoSMTP {
	t.Helper()
	g := &GoSMTP{t: t, mails: make(chan Mail, 100)}
	g.serve(l)
	return g
}

// serve answers on the server's host until the test ends.
func (g *GoSMTP) serve(l *lab.Lab) {
	g.t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(g.session))
	server.Domain = "origin.example.com"
	server.EnableSMTPUTF8, server.EnableDSN, server.AllowInsecureAuth = true, true, true
	server.MaxMessageBytes, server.MaxLineLength = 1_000_000, 10_000
	listener := l.Server.Listen("172.16.20.254:25")
	go server.Serve(listener) // ends with Close
	g.t.Cleanup(func() { server.Close() })
}

// Next waits for a message.
func (g *GoSMTP) Next() Mail {
	g.t.Helper()
	select {
	case mail := <-g.mails:
		return mail
	case <-time.After(patience):
		g.t.Fatal("no message was delivered")
		return Mail{}
	}
}

// Messages waits for n messages and gives their content.
func (g *GoSMTP) Messages(n int) (messages [][]byte) {
	g.t.Helper()
	for range n {
		messages = append(messages, bytes.ReplaceAll(g.Next().Content, []byte("\r\n"), []byte("\n")))
	}
	return messages
}

func (g *GoSMTP) session(*smtp.Conn) (smtp.Session, error) {
	s := &session{origin: g}
	if g.auth == nil {
		return s, nil
	}
	return &authSession{s}, nil
}

// session is one client's.
type session struct {
	origin *GoSMTP
	mail   Mail
}

func (s *session) Reset()        { s.mail = Mail{User: s.mail.User, Mechanism: s.mail.Mechanism} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	s.mail.From, s.mail.UTF8 = from, opts.UTF8
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	user, domain, _ := strings.Cut(to, "@")
	switch {
	case domain == "bulk.example", domain == "example.com" && (user == "bob" || user == "böb"):
		s.mail.To = append(s.mail.To, to)
		return nil
	case domain == "example.com":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "relay not permitted"}
}

func (s *session) Data(r io.Reader) (err error) {
	if s.mail.Content, err = io.ReadAll(r); err == nil {
		s.origin.mails <- s.mail
	}
	return err
}
