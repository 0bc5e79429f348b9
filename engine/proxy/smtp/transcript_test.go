package smtp

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zorpgo/engine/proxy"
)

// transcript is a dialog of testdata/smtp as data. Dialogs are played byte for byte elsewhere, so what is written in
// them is all that the sides sent and got.
type transcript struct {
	name   string // file/dialog
	text   string
	policy bool   // it has a policy of its own
	modes  string // of encryption, see encrypted; "": none
	turns  []turn
}

// turn is one line of it.
type turn struct {
	side  proxy.Side
	sent  bool   // by the side, not to it
	bytes []byte // nil for an event
	event string // close, closed, timeout, unreachable
}

// timeLine says what only a dialog's clock knows.
var timeLine = regexp.MustCompile(`^([cs] waits|writes|later) |^drain$`)

var turnLine = regexp.MustCompile(`^([cs])(?:([<>&])(?:("(?:[^"\\]|\\.)*")(?: \*(\d+))?| ?(.*))| (\w+(?: \w+)?))$`)

// transcripts are all dialogs.
func transcripts(t testing.TB) (all []transcript) {
	t.Helper()
	files, _ := filepath.Glob("../../../testdata/smtp/*.txtar")
	more, _ := filepath.Glob("testdata/starttls*.txtar")
	for _, file := range append(files, more...) {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		policy, modes := false, ""
		if strings.HasPrefix(file, "testdata/") {
			modes = string(archive.Comment)
		}
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".star") {
				policy = true
				continue
			}
			name := strings.TrimSuffix(filepath.Base(file), ".txtar") + "/" + f.Name
			all = append(all, transcript{name, string(f.Data), policy, modes, turnsOf(t, name, string(f.Data))})
		}
	}
	return all
}

func turnsOf(t testing.TB, name, text string) (turns []turn) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || timeLine.MatchString(line) {
			continue
		}
		m := turnLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%s: %s", name, line)
		}
		turns = append(turns, turnOf(m))
	}
	return turns
}

func turnOf(m []string) turn {
	side := proxy.Client
	if m[1] == "s" {
		side = proxy.Server
	}
	if m[6] != "" {
		return turn{side: side, event: m[6]}
	}
	text := m[5] + "\r\n"
	if m[3] != "" {
		text, _ = strconv.Unquote(m[3])
	}
	times, _ := strconv.Atoi(m[4])
	sent := m[2] == "&" || (m[2] == ">") == (side == proxy.Client)
	return turn{side: side, sent: sent, bytes: bytes.Repeat([]byte(text), max(1, times))}
}

// machine is one under the dialog's policy, if that is none of its own.
func (d *transcript) machine(t testing.TB) proxy.Protocol {
	if d.modes != "" {
		return newEncrypted(t, d.modes)
	}
	return newMachine(t, smtpProxy())
}

// said is what both sides sent, and the lengths of their segments in turn as tape.run takes them.
func (d *transcript) said() (client, server, cuts []byte) {
	for _, u := range d.turns {
		if u.bytes == nil || !u.sent {
			continue
		}
		to := &client
		if u.side == proxy.Server {
			to = &server
		}
		*to = append(*to, u.bytes...)
		for n := len(u.bytes); n > 0; n -= 255 {
			if len(cuts)%2 != int(u.side) {
				cuts = append(cuts, 0)
			}
			cuts = append(cuts, byte(min(n, 255)))
		}
	}
	return client, server, cuts
}
