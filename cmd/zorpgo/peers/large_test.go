package peers

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// TestTooLarge sends more than the SIZE that the server offered. By itself the server reads on, refuses, and the session
// goes on. zorpgo leaves the server at the limit, answers in its place and closes: there is no other way to take mail
// data back. A client that knows no SIZE meets the server's own limit, see the dialogs.
func TestTooLarge(t *testing.T) {
	each(t, func(t *testing.T, l *lab.Lab, o origin, started Origin) {
		conn, replies := sendLarge(t, l, server)
		if got := replies["body"]; !strings.HasPrefix(got, "5") {
			t.Errorf("the server answers %q", got)
		}
		say(t, conn, conn.Reader, []string{"NOOP"}, "250")

		conn, replies = sendLarge(t, l, firewall)
		want := "552 Message size exceeds the limit\r\n"
		if strings.Contains(replies["EHLO"], "ENHANCEDSTATUSCODES") {
			want = "552 5.3.4 Message size exceeds the limit\r\n"
		}
		if rest, err := io.ReadAll(conn.Reader); replies["body"] != want || len(rest) > 0 || err != nil {
			t.Errorf("through zorpgo the client gets %q, then %q, %v; want %q and the end", replies["body"], rest, err, want)
		}
		// What the server stores next is what is sent next.
		c := dial(t, l)
		must(t, c.SendMail("alice@example.net", []string{"bob@example.com"}, strings.NewReader(content)))
		if got := started.Messages(1)[0]; len(got) > 2*len(content) {
			t.Errorf("the server stored a message of %d octets", len(got))
		}
	})
}

// talk is a connection that is read by lines.
type talk struct {
	io.Writer
	*bufio.Reader
}

// sendLarge sends a message that is too large and gives the replies to EHLO and to its body.
func sendLarge(t *testing.T, l *lab.Lab, address string) (talk, map[string]string) {
	t.Helper()
	conn, err := l.Client.Dial("", address+":25")
	must(t, err)
	c := talk{conn, bufio.NewReader(conn)}
	replies := map[string]string{"greeting": reply(t, c.Reader, "connect")}
	for _, command := range []string{ehlo, fromAlice, toBob, "DATA", large} {
		_, err := io.WriteString(c, command+"\r\n")
		must(t, err)
		name, _, _ := strings.Cut(command, " ")
		if command == large {
			name = "body"
		}
		replies[name] = reply(t, c.Reader, name)
	}
	return c, replies
}
