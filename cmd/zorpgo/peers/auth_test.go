package peers

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"

	"zorpgo/cmd/zorpgo/lab"
)

// answers to what a server asks of who signs in
var (
	plain = base64.StdEncoding.EncodeToString([]byte("\x00" + User + "\x00" + Password))
	wrong = base64.StdEncoding.EncodeToString([]byte("\x00" + User + "\x00guess"))
	name  = base64.StdEncoding.EncodeToString([]byte(User))
	pass  = base64.StdEncoding.EncodeToString([]byte(Password))
	cram5 = base64.StdEncoding.EncodeToString([]byte(cramResponse(User, Password, []byte(cramChallenge))))
)

var authDialogs = []dialog{
	{"PLAIN", "", []step{
		{ehlo, "250"}, {fromAlice, "502"}, {"AUTH PLAIN " + plain, "235"},
		{fromAlice, "250"}, {toBob, "250"}, {"DATA", "354"}, {short, "250"}, {"QUIT", "221"},
	}},
	{"PLAIN in two steps", "", []step{{ehlo, "250"}, {"AUTH PLAIN", "334"}, {plain, "235"}, {fromAlice, "250"}, {"QUIT", "221"}}},
	{"LOGIN", "", []step{
		{ehlo, "250"}, {"AUTH LOGIN", "334"}, {name, "334"}, {pass, "235"}, {fromAlice, "250"}, {"QUIT", "221"},
	}},
	{"LOGIN with the name", "", []step{
		{ehlo, "250"}, {"AUTH LOGIN " + name, "334"}, {pass, "235"}, {fromAlice, "250"}, {"QUIT", "221"},
	}},
	{"CRAM-MD5", "", []step{{ehlo, "250"}, {"AUTH CRAM-MD5", "334"}, {cram5, "235"}, {fromAlice, "250"}, {"QUIT", "221"}}},
	{"refused", "", []step{
		{ehlo, "250"}, {"AUTH PLAIN " + wrong, "535"}, {"auth cram-md5", "334"}, {name, "535"}, {fromAlice, "502"},
		{"AUTH PLAIN " + plain, "235"}, {fromAlice, "250"}, {"QUIT", "221"},
	}},
	{"cancelled", "", []step{
		{ehlo, "250"}, {"AUTH LOGIN", "334"}, {"*", "501"}, {"AUTH LOGIN", "334"}, {name, "334"}, {"*", "501"},
		{"NOOP", "250"}, {"QUIT", "221"},
	}},
	{"unknown", "", []step{{ehlo, "250"}, {"AUTH FOO", "504"}, {"QUIT", "221"}}},
}

// runAuth starts the policy that offers AUTH in clear.
func runAuth(l *lab.Lab) { l.Zorpgo("../lab/testdata/zones.star", "testdata/auth.star") }

func TestAuthTransparency(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	origin := StartAuth(t, l)
	runAuth(l)
	for _, d := range authDialogs {
		judge{t, "", d, true}.hold(l)
		sameMessages(t, d, origin)
	}
}

// TestAuthWithheld has the published policy before a server that offers AUTH in clear.
func TestAuthWithheld(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	StartAuth(t, l)
	run(l)
	judge{t, "AUTH", dialog{"AUTH in clear", "", []step{
		{ehlo, "250"}, {"AUTH PLAIN " + plain, "235"}, {"NOOP", "250"}, {"QUIT", "221"},
	}}, true}.hold(l)
}

// authClients sign in by a mechanism and send a letter.
var authClients = []struct {
	name string
	send func(t *testing.T, l *lab.Lab, m letter, mechanism string)
}{
	{"swaks", func(t *testing.T, l *lab.Lab, m letter, mechanism string) {
		l.Client.Swaks(firewall, "--to", "bob@example.com", "--data", "@"+m.cutFile,
			"--auth", mechanism, "--auth-user", User, "--auth-password", Password)
	}},
	{"smtplib", func(t *testing.T, l *lab.Lab, m letter, mechanism string) {
		smtplib(l, m, User, Password, mechanism)
	}},
	{"msmtp", func(t *testing.T, l *lab.Lab, m letter, mechanism string) {
		msmtp(l, m, "--auth="+strings.ToLower(mechanism), "--user="+User, "--passwordeval=cat "+l.File("password", Password+"\n"))
	}},
	{"curl", func(t *testing.T, l *lab.Lab, m letter, mechanism string) {
		curl(l, m, "--user", User+":"+Password, "--login-options", "AUTH="+mechanism)
	}},
	{"Postfix", func(t *testing.T, l *lab.Lab, m letter, mechanism string) {
		relay := l.Relay(firewall, "smtp_sasl_auth_enable = yes", "smtp_sasl_security_options = noanonymous",
			"smtp_sasl_mechanism_filter = "+mechanism, "smtp_sasl_password_maps = static:{"+User+":"+strings.ReplaceAll(Password, "$", "$$")+"}")
		relay.Send("bob@example.com", m.lf)
		relay.LogHas("status=sent (250 ")
		relay.Stop()
	}},
	{"go-smtp", func(t *testing.T, l *lab.Lab, m letter, mechanism string) {
		c := dial(t, l)
		must(t, c.Auth(map[string]sasl.Client{
			"PLAIN":    sasl.NewPlainClient("", User, Password),
			"LOGIN":    sasl.NewLoginClient(User, Password),
			"CRAM-MD5": cramClient{},
		}[mechanism]))
		must(t, c.SendMail("alice@example.net", []string{"bob@example.com"}, bytes.NewReader(m.crlf)))
		must(t, c.Quit())
	}},
}

// cramClient is the client of CRAM-MD5, which go-sasl has not.
type cramClient struct{}

func (cramClient) Start() (mechanism string, initial []byte, err error) { return "CRAM-MD5", nil, nil }

func (cramClient) Next(challenge []byte) ([]byte, error) {
	return []byte(cramResponse(User, Password, challenge)), nil
}

// TestAuthClients has every client sign in by every mechanism and send a letter.
func TestAuthClients(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	origin := StartAuth(t, l)
	runAuth(l)
	m := newLetter(l)
	for _, c := range authClients {
		for _, mechanism := range mechanisms {
			c.send(t, l, m, mechanism)
			got := origin.Next()
			if got.User != User || got.Mechanism != mechanism || !bytes.HasSuffix(got.Content, m.crlf) {
				t.Errorf("%s, %s: stored was %+v", c.name, mechanism, got)
			}
		}
	}
}
