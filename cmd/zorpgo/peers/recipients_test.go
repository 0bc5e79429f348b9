package peers

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

const (
	transactions = 10
	recipients   = 1000 // of each transaction: as many as the policy allows
)

// TestManyRecipients sends ten messages to a thousand recipients each, in one session of each client.
func TestManyRecipients(t *testing.T) {
	for name, send := range map[string]func(*testing.T, *lab.Lab, *GoSMTP){"one by one": sendSlowly, "pipelined": sendPipelined} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			origin := StartGoSMTP(t, l)
			run(l)
			send(t, l, origin)
		})
	}
}

// bulk are the recipients of a transaction.
func bulk(transaction int) (all []string) {
	for i := range recipients {
		all = append(all, fmt.Sprintf("bulk-%d-%d@bulk.example", transaction, i))
	}
	return all
}

func sendSlowly(t *testing.T, l *lab.Lab, origin *GoSMTP) {
	c := dial(t, l)
	for n := range transactions {
		must(t, c.Mail("alice@example.net", nil))
		for _, to := range bulk(n) {
			must(t, c.Rcpt(to, nil))
		}
		deliver(t, c, []byte(content))
		arrived(t, origin, n)
	}
	must(t, c.Quit())
}

func sendPipelined(t *testing.T, l *lab.Lab, origin *GoSMTP) {
	conn, err := l.Client.Dial("", firewall+":25")
	must(t, err)
	from := bufio.NewReader(conn)
	reply(t, from, "connect")
	say(t, conn, from, []string{ehlo}, "250")
	for n := range transactions {
		commands := []string{fromAlice}
		for _, to := range bulk(n) {
			commands = append(commands, "RCPT TO:<"+to+">")
		}
		say(t, conn, from, append(commands, "DATA"), "250")
		say(t, conn, from, []string{short}, "250")
		arrived(t, origin, n)
	}
	say(t, conn, from, []string{"QUIT"}, "221")
}

// say sends commands in one group; the replies must begin with want, DATA's with 354.
func say(t *testing.T, conn io.Writer, from *bufio.Reader, commands []string, want string) {
	t.Helper()
	_, err := io.WriteString(conn, group(commands...)+"\r\n")
	must(t, err)
	for _, command := range commands {
		if command == "DATA" {
			want = "354"
		}
		if got := reply(t, from, command); !strings.HasPrefix(got, want) {
			t.Fatalf("after %q: %q, want %s", command, got, want)
		}
	}
}

// arrived waits for the message of a transaction.
func arrived(t *testing.T, origin *GoSMTP, transaction int) {
	t.Helper()
	if to := origin.Next().To; !slices.Equal(to, bulk(transaction)) {
		t.Errorf("transaction %d: the server has %d recipients, or others: %.200q", transaction, len(to), to)
	}
}

// TestTooManyRecipients goes beyond what the policy allows: that one is told to wait, the others get the message.
func TestTooManyRecipients(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	origin := StartGoSMTP(t, l)
	run(l)
	c := dial(t, l)
	must(t, c.Mail("alice@example.net", nil))
	for _, to := range bulk(0) {
		must(t, c.Rcpt(to, nil))
	}
	if err := c.Rcpt("bob@example.com", nil); err == nil || !strings.Contains(err.Error(), "Too many recipients") {
		t.Errorf("one recipient too many: %v", err)
	}
	deliver(t, c, []byte(content))
	arrived(t, origin, 0)
}
