package peers

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"zorpgo/cmd/zorpgo/lab"
)

// Who may sign in at an origin that StartAuth started.
const (
	User     = "alice"
	Password = `pa ss="x$`
)

var errPassword = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong name or password"}

// StartAuth starts a GoSMTP that takes no mail before AUTH.
func StartAuth(t testing.TB, l *lab.Lab) *GoSMTP {
	t.Helper()
	g := &GoSMTP{t: t, mails: make(chan Mail, 100), auth: mechanism}
	g.serve(l)
	return g
}

// mechanisms are those that it offers.
var mechanisms = []string{"PLAIN", "LOGIN", "CRAM-MD5"}

func mechanism(name string, signIn func(user string)) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != User || password != Password {
			return errPassword
		}
		signIn(user)
		return nil
	}
	switch name {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &login{check: check}, nil
	case "CRAM-MD5":
		return &cram{signIn: signIn}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// authSession is a session of a server with AUTH.
type authSession struct{ *session }

func (s *authSession) AuthMechanisms() []string { return mechanisms }

func (s *authSession) Auth(name string) (sasl.Server, error) {
	return s.origin.auth(name, func(user string) { s.mail.User, s.mail.Mechanism = user, name })
}

func (s *authSession) Mail(from string, opts *smtp.MailOptions) error {
	if s.mail.User == "" {
		return smtp.ErrAuthRequired
	}
	return s.session.Mail(from, opts)
}

// login is the server of LOGIN: two questions.
type login struct {
	check func(user, password string) error
	asked int
	user  string
}

func (a *login) Next(response []byte) (challenge []byte, done bool, err error) {
	a.asked++
	switch {
	case a.asked == 1 && response == nil:
		return []byte("Username:"), false, nil
	case a.user == "":
		a.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, a.check(a.user, string(response))
}

// cram is the server of CRAM-MD5 (RFC 2195).
type cram struct {
	signIn func(user string)
	asked  bool
}

const cramChallenge = "<1896.697170952@origin.example.com>"

func (a *cram) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case !a.asked && response != nil:
		return nil, true, errors.New("CRAM-MD5 has no initial response")
	case !a.asked:
		a.asked = true
		return []byte(cramChallenge), false, nil
	case string(response) != cramResponse(User, Password, []byte(cramChallenge)):
		return nil, true, errPassword
	}
	a.signIn(User)
	return nil, true, nil
}

// cramResponse answers a challenge.
func cramResponse(user, password string, challenge []byte) string {
	sum := hmac.New(md5.New, []byte(password))
	sum.Write(challenge)
	return user + " " + hex.EncodeToString(sum.Sum(nil))
}
