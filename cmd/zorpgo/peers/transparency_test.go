package peers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// TestTransparency holds every dialog twice, with the server itself and through zorpgo. What the client gets must be
// the same, byte for byte, but for the departures and the EHLO keywords that are written down.
func TestTransparency(t *testing.T) {
	each(t, func(t *testing.T, l *lab.Lab, o origin, started Origin) {
		offered := keywords(play(t, l, server, dialogs[2])[1])
		for _, d := range dialogs {
			if d.needs != "" && !slices.Contains(offered, d.needs) {
				continue
			}
			judge{t, o.drops, d, slices.Contains(offered, "ENHANCEDSTATUSCODES")}.hold(l)
			sameMessages(t, d, started)
		}
	})
}

// play holds a dialog and gives the replies: first the greeting, last what came after QUIT, with a note of how the
// connection ended.
func play(t *testing.T, l *lab.Lab, address string, d dialog) (replies []string) {
	t.Helper()
	conn, err := l.Client.Dial("", net.JoinHostPort(address, "25"))
	must(t, err)
	defer conn.Close()
	from := bufio.NewReader(conn)
	replies = append(replies, reply(t, from, d.name))
	for _, s := range d.steps {
		_, err := io.WriteString(conn, s.send+"\r\n")
		must(t, err)
		for range strings.Split(s.want, " ") {
			replies = append(replies, reply(t, from, d.name+": "+s.send))
		}
	}
	rest, err := io.ReadAll(from)
	return append(replies, fmt.Sprintf("%q, %v", rest, err))
}

// reply reads one, of any number of lines.
func reply(t *testing.T, from *bufio.Reader, after string) string {
	t.Helper()
	var all []byte
	for {
		line, err := from.ReadBytes('\n')
		all = append(all, line...)
		if err != nil {
			t.Fatalf("after %q: %q, %v", after, all, err)
		}
		if len(line) < 4 || line[3] != '-' {
			return string(all)
		}
	}
}

// sameMessages waits for the messages of a dialog that was held twice: each must be stored twice, the same.
func sameMessages(t *testing.T, d dialog, started Origin) {
	t.Helper()
	n := 0
	for _, s := range d.steps {
		n += s.messages()
	}
	stored := started.Messages(2 * n)
	for i, message := range stored {
		stored[i] = untraced.ReplaceAll(message, nil)
	}
	slices.SortFunc(stored, bytes.Compare)
	for i := 0; i < len(stored); i += 2 {
		if !bytes.Equal(stored[i], stored[i+1]) {
			t.Errorf("%s: stored are %q and %q", d.name, stored[i], stored[i+1])
		}
	}
}

// untraced is what a server puts before a message.
var untraced = regexp.MustCompile(`(?s)\A(?:[^\n]+:[^\n]*\n)*?Received: [^\n]*\n(?:[ \t][^\n]*\n)*`)

// judge compares what two ways of one dialog brought.
type judge struct {
	t        *testing.T
	drops    string // what each reply to EHLO must lose
	dialog   dialog
	enhanced bool // the server offers ENHANCEDSTATUSCODES
}

// hold holds the dialog in both ways and compares them.
func (j judge) hold(l *lab.Lab) {
	j.t.Helper()
	j.compare(play(j.t, l, server, j.dialog), play(j.t, l, firewall, j.dialog))
}

func (j judge) compare(direct, through []string) {
	j.t.Helper()
	j.same("(greeting)", direct[0], through[0])
	n := 1
	for _, s := range j.dialog.steps {
		for _, want := range strings.Split(s.want, " ") {
			if !strings.HasPrefix(direct[n], want) {
				j.t.Errorf("%s: the server answers %q to %.100q, want %s", j.dialog.name, direct[n], s.send, want)
			}
			j.one(s.send, direct[n], through[n])
			n++
		}
	}
	j.same("(after QUIT)", direct[n], through[n])
}

// one compares one reply.
func (j judge) one(command, direct, through string) {
	j.t.Helper()
	departure, departs := departures[j.dialog.name][command]
	switch {
	case command == ehlo && strings.HasPrefix(direct, "250"):
		j.hello(direct, through)
	case departs && j.enhanced:
		j.same(command, departure.code+" "+departure.enhanced+" "+departure.text+"\r\n", through)
	case departs:
		j.same(command, departure.code+" "+departure.text+"\r\n", through)
	default:
		j.same(command, direct, through)
	}
}

func (j judge) same(command, want, got string) {
	j.t.Helper()
	if want, got = mask(want), mask(got); j.dialog.name == longChunk {
		want, got = octets.ReplaceAllString(want, "N byte"), octets.ReplaceAllString(got, "N byte")
	}
	if want != got {
		j.t.Errorf("%s: %.100s: through zorpgo the client gets\n%q, want\n%q", j.dialog.name, command, got, want)
	}
}

// hello compares replies to EHLO: through zorpgo it is the server's, without the lines of the keywords it drops.
func (j judge) hello(direct, through string) {
	j.t.Helper()
	var kept, dropped []string
	for i, line := range strings.SplitAfter(strings.TrimSuffix(direct, "\r\n"), "\r\n") {
		keyword := keyword(line)
		if i > 0 && slices.Contains(strings.Fields(j.drops), keyword) {
			dropped = append(dropped, keyword)
			continue
		}
		kept = append(kept, "250-"+strings.TrimSuffix(line[4:], "\r\n")+"\r\n")
	}
	last := len(kept) - 1
	kept[last] = "250 " + kept[last][4:]
	j.same(ehlo, strings.Join(kept, ""), through)
	if got := strings.Join(dropped, " "); got != j.drops {
		j.t.Errorf("%s: the server lists %q of the keywords that are dropped, want %q", j.dialog.name, got, j.drops)
	}
}

// keyword is that of a line of an EHLO reply.
func keyword(line string) string {
	word, _, _ := strings.Cut(strings.TrimRight(line[4:], "\r\n"), " ")
	return word
}

func keywords(reply string) (all []string) {
	for line := range strings.Lines(reply) {
		all = append(all, keyword(line))
	}
	return all
}

// masks are the parts of replies that differ by nature.
var masks = []struct {
	of   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`172\.16\.(40\.10|20\.1)\b`), "ADDRESS"},
	{regexp.MustCompile(`queued as \w+`), "queued as ID"},                                     // Postfix
	{regexp.MustCompile(`OK id=[\w-]+`), "OK id=ID"},                                          // Exim
	{regexp.MustCompile(`\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}`), "DATE"},          // Exim
	{regexp.MustCompile(`2\.0\.0 [0-9a-f]{8} Message accepted`), "2.0.0 ID Message accepted"}, // OpenSMTPD
}

// octets is what servers say of a chunk.
var octets = regexp.MustCompile(`\d+ byte`)

func mask(reply string) string {
	for _, m := range masks {
		reply = m.of.ReplaceAllString(reply, m.with)
	}
	return reply
}
