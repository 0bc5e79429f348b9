package smtp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"zorpgo/engine/proxy"
)

// TestInvariants holds in every dialog, whatever its policy.
func TestInvariants(t *testing.T) {
	all := transcripts(t)
	if len(all) < 400 {
		t.Errorf("%d dialogs", len(all))
	}
	for _, d := range all {
		if wrong := d.wrong(); wrong != "" {
			t.Errorf("%s: %s", d.name, wrong)
		}
	}
	t.Logf("%d dialogs", len(all))
}

// TestInvariantsSee: each would find a proxy that does not hold it.
func TestInvariantsSee(t *testing.T) {
	const message = "s< 220 m\nc< 220 m\nc> MAIL FROM:<a@b>\ns> MAIL From:<a@b>\ns< 250 a\nc< 250 a\nc> DATA\ns> DATA\ns< 354 go\nc< 354 go\n"
	for text, want := range map[string]string{
		"s< 220 m\nc< 220 m\nc> NOOP\nc< 250 ok\n":                                    "success",
		"s< 220 m\nc< 220 m\nc> NOOP\nc< 500 Invalid command\nc< 500 Invalid\n":       "replies",
		"s< 220 m\nc< 220 m\nc> NOOP\ns> NOOP\ns< 250 ok\nc< 250 ok\nc> NOOP\n":       "replies",
		"s< 220 m\nc< 220 m\nc> FOO\ns> FOO\nc< 500 Invalid command\n":                "reached",
		"s< 220 m\nc< 220 m\nc> NOOP\ns> QUIT\n":                                      "was sent",
		"s< 220 m\nc< 220 m\nc>\"NOOP\\n\"\ns>\"NOOP\\n\"\n":                          "lone",
		"s< 220 m\nc< 421 m\nc> NOOP\nc< 500 Invalid command\n":                       "goes on",
		message + "c>\"a\\n.\\r\\n\"\ns>\"a\\n.\\r\\n\"\n":                            "lone",
		message + "c>\"a\\r\\n.\\r\"\ns>\"a\\r\\n.\\r\"\n":                            "lone",
		message + "c>\"..\\r\\nQUIT\\r\\n.\\r\\n\"\ns>\".\\r\\nQUIT\\r\\n.\\r\\n\"\n": "reached",
	} {
		d := transcript{text: text, turns: turnsOf(t, "a fault", text)}
		if wrong := d.wrong(); !strings.Contains(wrong, want) {
			t.Errorf("%q: %q, want %s", text, wrong, want)
		}
	}
}

// ledger is what a dialog has come to.
type ledger struct {
	client, server   speaker
	heard, said      []int // codes of the replies to the client, and of the server
	own              int   // refusals in the proxy's own words
	closing          bool  // the client was told 421
	afterClosing     bool  // and then something else happened
	waiting          bool  // the server was sent the last line: a reply is still due
	gone, disordered bool
	upgrades         bool // the proxy begins TLS with the server by itself
	introduces       bool // or tells it of the client
	unfounded        bool // the client was told of a success that the server had not said yet
}

// wrong says which invariant does not hold, "" if all do.
func (d *transcript) wrong() string {
	a := ledger{upgrades: strings.Contains(d.modes, "server=StartTLS"), introduces: strings.Contains(d.modes, "xclient")}
	for _, u := range d.turns {
		a.take(u)
	}
	a.client.close()
	a.server.close()
	due := 1 + len(a.client.commands) + a.client.answers + a.client.ends
	switch heard := len(a.heard); {
	case a.unfounded:
		return "the client was told of a success that the server did not say"
	case !proper(a.server.checked):
		return fmt.Sprintf("a lone CR or LF, or a NUL, at the server: %q", a.server.checked)
	case a.server.sloppy > a.server.ends:
		return fmt.Sprintf("some servers see %d messages in %d", a.server.sloppy, a.server.ends)
	case a.afterClosing:
		return "the session goes on after 421"
	case a.disordered:
		return "more replies than commands"
	case heard != due && !a.gone && !a.closing && !a.waiting:
		return fmt.Sprintf("%d replies to %d commands", heard, due)
	case a.forwarded()+a.own > len(a.client.commands)+a.replaced():
		return fmt.Sprintf("of %d commands %d were refused, and yet %d reached the server", len(a.client.commands), a.own, a.forwarded())
	case !d.policy && !a.inOrder():
		return fmt.Sprintf("the server was sent %q, the client sent %q", a.server.commands, a.client.commands)
	}
	return ""
}

// take takes one line of a dialog.
func (a *ledger) take(u turn) {
	a.waiting = u.side == proxy.Server && !u.sent && u.bytes != nil
	switch {
	case u.bytes == nil:
		a.gone = a.gone || u.side == proxy.Client && (u.event == "close" || u.event == "closed" || u.event == "timeout")
	case u.side == proxy.Client && u.sent:
		a.client.says(u.bytes)
	case u.side == proxy.Server && u.sent:
		for _, code := range repliesIn(u.bytes) {
			a.said = append(a.said, code)
			a.server.told(code)
		}
	case u.side == proxy.Server:
		a.afterClosing = a.afterClosing || a.closing
		a.server.says(u.bytes)
	default:
		a.hear(u.bytes)
		a.unfounded = a.unfounded || successesIn(a.heard) > successesIn(a.said)
	}
}

func (a *ledger) hear(b []byte) {
	if ownRefusal(b) {
		a.own += len(repliesIn(b))
	}
	for _, code := range repliesIn(b) {
		a.afterClosing = a.afterClosing || a.closing
		if code == 252 && bytes.Contains(b, []byte("Cannot VRFY user")) || bytes.Equal(b, []byte("221 Bye\r\n")) ||
			code == 220 && bytes.HasSuffix(b, []byte("Ready to start TLS\r\n")) || code/100 == 2 && ofClient(a.lastCommand()) {
			code = 0 // of our own
		}
		a.heard = append(a.heard, code)
		a.client.told(code)
		a.closing = code == 421
		due := 1 + len(a.client.commands) + a.client.answers + a.client.ends
		a.disordered = a.disordered || len(a.heard) > due && code != 421 && code != 554 && code != 550 && code != 552
	}
}

// ownRefusal reports whether b is a refusal of a command in our own words.
func ownRefusal(b []byte) bool {
	for _, a := range []*answer{&answerInvalid, &answerOrder, &answerMalformed, &answerRelay, &answerSender, &answerSenderSoft,
		&answerRcpt, &answerRcptSoft, &answerSyntax, &answerParameter, &answerUTF8, &answerUnbuilt, &answerForeign, &answerNoRcpt,
		&answerTooMany, &answerNeedsTLS, &answerMechanism} {
		if bytes.HasPrefix(b, a.plain) || bytes.HasPrefix(b, a.enhanced) {
			return true
		}
	}
	return false
}

func successesIn(codes []int) (n int) {
	for _, code := range codes {
		if code/100 == 2 {
			n++
		}
	}
	return n
}

// byProxy are commands that the proxy says of its own, or in pieces.
func (a *ledger) byProxy(command []byte) bool {
	return equalFold(command, "RSET") || hasFold(command, "BDAT ") || string(command) == "*" || ofClient(command) ||
		a.upgrades && (equalFold(command, "STARTTLS") || hasFold(command, "EHLO ")) || a.introduces && hasFold(command, "HELO ")
}

// ofClient are commands that tell of a client, and are never forwarded.
func ofClient(command []byte) bool {
	return hasFold(command, "XCLIENT ") || hasFold(command, "XFORWARD ")
}

// lastCommand is the client's; nil if there is none.
func (a *ledger) lastCommand() []byte {
	if len(a.client.commands) == 0 {
		return nil
	}
	return a.client.commands[len(a.client.commands)-1]
}

// forwarded counts what reached the server of the client's commands.
func (a *ledger) forwarded() (n int) {
	for _, c := range a.server.commands {
		if !a.byProxy(c) {
			n++
		}
	}
	return n
}

// replaced counts replies of the server that the client was told something else in place of.
func (a *ledger) replaced() int {
	kept := 0
	for _, code := range a.heard {
		if code/100 == 2 || code/100 == 3 {
			kept++
		}
	}
	for _, code := range a.said {
		if code/100 == 2 || code/100 == 3 {
			kept--
		}
	}
	return max(0, -kept)
}

// inOrder reports whether the server's commands are the client's, some left out.
func (a *ledger) inOrder() bool {
	i := 0
	for _, c := range a.server.commands {
		if a.byProxy(c) {
			continue
		}
		for i < len(a.client.commands) && !bytes.EqualFold(firstWord(c), firstWord(bytes.TrimLeft(a.client.commands[i], " "))) {
			i++
		}
		if i++; i > len(a.client.commands) {
			return false
		}
	}
	return true
}

// TestFixedPoint: what was forwarded, read again, is forwarded as it is.
func TestFixedPoint(t *testing.T) {
	lines := map[string]bool{}
	for _, d := range transcripts(t) {
		var a ledger
		for _, u := range d.turns {
			a.take(u)
		}
		for _, c := range a.server.commands {
			lines[string(c)] = true
		}
	}
	for line := range lines {
		again, refusal := rebuilt(t, line)
		if refusal != nil {
			t.Errorf("%s is refused: %s", line, refusal.plain)
		} else if again != line {
			t.Errorf("%s is rebuilt as %s", line, again)
		}
	}
	t.Logf("%d different commands", len(lines))
}

// rebuilt is line as a machine that permits everything forwards it.
func rebuilt(t *testing.T, line string) (string, *answer) {
	m := newMachine(t, smtpProxy()).(*Machine)
	m.active = ^extension(0)
	m.set(flagUTF8 | flagLoggedIn)
	name, param := m.cutVerb([]byte(line))
	verb := verbOf(name)
	switch verb {
	case verbSTARTTLS:
		return line, nil
	case verbMAIL, verbETRN:
		m.state = stateHello
	case verbAUTH:
		m.state = stateHello
		m.unset(flagLoggedIn)
	case verbRCPT:
		m.state = stateMail
	case verbDATA:
		m.state = stateRcpt
	case verbBDAT:
		return line, nil
	}
	if refusal := m.parse(verb, param); refusal != nil {
		return "", refusal
	}
	again := string(name)
	if len(m.param) > 0 {
		again += " " + string(m.param)
	}
	return again, nil
}
