package builtins_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// eachLog runs a test with both drivers and both formats, and everything logged.
func eachLog(t *testing.T, test func(*testing.T, int, bool)) {
	for _, loops := range []int{0, 1} {
		for _, asJSON := range []bool{false, true} {
			t.Run(fmt.Sprintf("loops=%d,json=%v", loops, asJSON), func(t *testing.T) { test(t, loops, asJSON) })
		}
	}
}

// hostile are lines that would be more than a value in a log, if they could.
var hostile = []string{
	"EHLO x\nAug 1 host proxy: accepted\r\n",
	"EHLO x\x1b[31m\r\n",
	"EHLO x\u2028level=ERROR\u202emsg=forged\r\n",
	"EHLO \xff\xfe\r\n",
	"MAIL FROM:<\"a\x1b[31m\"@x.example>\r\n",
	"MAIL FROM:<\"a\u202e\"@x.example>\r\n",
	"RCPT TO:<\"x from [192.0.2.9]: 550 client=192.0.2.9\"@y.example>\r\n",
	"RCPT TO:<\"x\\\" client=192.0.2.9 \"@y.example>\r\n",
	"VRFY x client=192.0.2.9:1 session=forged\r\n",
	"NOOP \",\"client\":\"192.0.2.9\r\n",
	"NOOP " + strings.Repeat("x", 400) + "\r\n",
	"client=192.0.2.9: x\r\n",
	"FORGED client=192.0.2.9\r\n",
	"\x00\x01\r\n",
}

// TestForgedRecords (LOG-01, LOG-02): whatever a client says, each record is one line, all of it can be shown, and its
// fields are the engine's.
func TestForgedRecords(t *testing.T) {
	eachLog(t, func(t *testing.T, loops int, asJSON bool) {
		r := newLogRig(t, loops, 10, asJSON, plainOrigin)
		for _, line := range hostile {
			r.say("EHLO c\r\n", line, "MAIL FROM:<a@x.example>\r\n", line)
		}
		seen := checkRecords(t, r.String(), asJSON)
		for _, what := range []string{"command refused", "request", "response", "session closed"} {
			if !slices.Contains(seen, what) {
				t.Errorf("no record says %s", what)
			}
		}
	})
}

// TestServersText (LOG-03): the same holds for what a server says.
func TestServersText(t *testing.T) {
	for _, text := range []string{"550 \x1b]0;x\x07\r\n", "550 x\u202e client=192.0.2.9\r\n", "550 \xff\u2028\r\n", "550-x\r\n551 y\r\n", "nonsense\r\n"} {
		eachLog(t, func(t *testing.T, loops int, asJSON bool) {
			r := newLogRig(t, loops, 10, asJSON, func(line string) string {
				if strings.HasPrefix(line, "MAIL") {
					return text
				}
				return plainOrigin(line)
			})
			r.say("EHLO c\r\n", "MAIL FROM:<a@x.example>\r\n", "QUIT\r\n")
			checkRecords(t, r.String(), asJSON)
		})
	}
}

// checkRecords reads a log as programs do; it returns the messages.
func checkRecords(t *testing.T, text string, asJSON bool) (seen []string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("the log is no UTF-8")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if i := strings.IndexFunc(line, func(c rune) bool { return !unicode.IsPrint(c) }); i >= 0 {
			t.Errorf("%q cannot be shown", line[i:])
		}
		fields := readText
		if asJSON {
			fields = readJSON
		}
		got, ok := fields(line)
		if !ok || got["time"] == "" || got["tag"] == "" || got["verbosity"] == "" {
			t.Errorf("no record: %s", line)
		}
		if c := got["client"]; c != "" && !strings.HasPrefix(c, "127.0.0.1:") {
			t.Errorf("client %s: %s", c, line)
		}
		if s := got["session"]; s != "" && !strings.HasPrefix(s, "svc/default_instance/mail:") {
			t.Errorf("session %s: %s", s, line)
		}
		seen = append(seen, got["msg"])
	}
	return seen
}

func readJSON(line string) (map[string]string, bool) {
	var all map[string]any
	err := json.Unmarshal([]byte(line), &all)
	got := map[string]string{}
	for key, value := range all {
		got[key] = fmt.Sprint(value)
	}
	return got, err == nil
}

// readText reads what slog's text handler writes; no key may be there twice.
func readText(line string) (map[string]string, bool) {
	got := map[string]string{}
	for line != "" {
		key, rest, found := strings.Cut(line, "=")
		if _, twice := got[key]; !found || twice || strings.ContainsAny(key, " \"") {
			return got, false
		}
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			got[key], _ = strconv.Unquote(quoted)
			rest = rest[len(quoted):]
		} else {
			end := strings.IndexByte(rest+" ", ' ')
			got[key], rest = rest[:end], rest[end:]
		}
		line = strings.TrimPrefix(rest, " ")
	}
	return got, true
}

// TestSecretsAreNotLogged (AUTH-07): not even where everything is logged, and not as the word that a server which had
// refused a login would take for a command.
func TestSecretsAreNotLogged(t *testing.T) {
	word := "geheimnis"
	plain, coded := base64.StdEncoding.EncodeToString([]byte("\x00alice\x00"+word)), base64.StdEncoding.EncodeToString([]byte(word))
	user := base64.StdEncoding.EncodeToString([]byte("alice"))
	eachLog(t, func(t *testing.T, loops int, asJSON bool) {
		r := newLogRig(t, loops, 10, asJSON, plainOrigin)
		for _, lines := range [][]string{
			{"AUTH PLAIN " + plain + "\r\n"},
			{"AUTH PLAIN " + plain + "\r\n", plain + "\r\n", word + "\r\n", coded + "\r\n"},
			{"AUTH LOGIN\r\n", user + "\r\n", coded + "\r\n"},
			{"AUTH LOGIN\r\n", word + "!\r\n", word + "\r\n"},
			{"AUTH LOGIN " + user + "\r\n", word + "\r\n", word + " " + coded + "\r\n"},
			{"AUTH " + word + " " + plain + "\r\n", word + "\r\n"},
			{"AUTH PLAIN " + plain + "\x01\r\n"},
			{"AUTH\t" + plain + "\r\n"},
			{"XAUTH " + plain + "\r\n"},
			{"MAIL FROM:<a@x.example>\r\n", "AUTH PLAIN " + plain + "\r\n", word + "\r\n"},
			{"XCLIENT LOGIN=" + word + "\r\n"},
			{"DATA\r\n", word + "\r\n"},
		} {
			r.say(append([]string{"EHLO c\r\n"}, lines...)...)
		}
		text := r.String()
		for _, secret := range []string{word, strings.ToUpper(word), plain, coded, user, strings.ToUpper(coded), "VXNlcm5hbWU6"} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s is in the log: %s", secret, text[max(0, i-300):i+50])
			}
		}
		if !strings.Contains(text, "AUTH") || !strings.Contains(text, "login refused by the server") {
			t.Errorf("the logins are not logged:\n%s", text)
		}
	})
}

// TestRefusalsSayWhoAndWhy: a refusal has all that is needed to find out why, in the log and in the list of the last.
func TestRefusalsSayWhoAndWhy(t *testing.T) {
	for _, loops := range []int{0, 1} {
		r := newLogRig(t, loops, 3, false, plainOrigin)
		r.say("EHLO c\r\n", "MAIL FROM:<a@x.example>\r\n", "RCPT TO:<b@elsewhere.example>\r\n", "QUIT\r\n")
		_, line, _ := strings.Cut(r.String(), `msg="command refused"`)
		line, _, _ = strings.Cut(line, "\n")
		for _, want := range []string{"session=svc/default_instance/mail:0 ", "tag=smtp.policy verbosity=2 ", "verb=RCPT ", "code=554 ", "reason=relay ",
			`text="Relaying denied."`, "service=mail ", "client=127.0.0.1:", "client_zone=clients ", "rule=1 ", "rule_pos=p.star:"} {
			if !strings.Contains(line, want) {
				t.Errorf("loops=%d: no %s in %s", loops, want, line)
			}
		}
		list := r.recent.List()
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		f := list[0]
		if f.Verb != "RCPT" || f.Code != "554" || f.Reason != "relay: Relaying denied." || f.Zone != "clients" || f.Rule != "1" || f.Service != "mail" || f.Count != 1 {
			t.Errorf("%+v", f)
		}
	}
}

// TestFloodOfRefusals (LOG-04): however often clients of a network are refused, few lines say so, and each session still
// has its closing record.
func TestFloodOfRefusals(t *testing.T) {
	for _, loops := range []int{0, 1} {
		r := newLogRig(t, loops, 3, false, plainOrigin)
		var lines []string
		for i := range 15 {
			lines = append(lines, fmt.Sprintf("FOO%c\r\n", 'A'+i))
		}
		for range 40 {
			r.say(lines...)
		}
		if n := strings.Count(r.String(), "command refused"); n != 10 {
			t.Errorf("loops=%d: %d lines", loops, n)
		}
		r.repeats.Flush()
		if !strings.Contains(r.String(), fmt.Sprintf("repeated=%d", 40*15-10)) {
			t.Errorf("loops=%d: the rest is not counted", loops)
		}
		if n := strings.Count(r.String(), "session closed"); n != 40 {
			t.Errorf("loops=%d: %d closing records", loops, n)
		}
	}
}
