package rehearse

import (
	"fmt"
	"strings"
	"testing"
)

// lines reads "C> text", "C< text", "S> text", "S< text".
func lines(text string) (list []line) {
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		l = strings.TrimSpace(l)
		s := clientSide
		if l[0] == 'S' {
			s = serverSide
		}
		list = append(list, line{s, l[1] == '>', l[3:]})
	}
	return list
}

func transcript(text string) string {
	var b strings.Builder
	writeTranscript(&b, "client", "origin", lines(text))
	_, body, _ := strings.Cut(b.String(), "\n")
	_, body, _ = strings.Cut(body, "\n")
	var rows []string
	for _, r := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		left, right, _ := strings.Cut(r, " |")
		rows = append(rows, strings.Trim(strings.TrimSpace(left)+" | "+strings.TrimSpace(right), " "))
	}
	return strings.Join(rows, "\n")
}

func TestTranscript(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"relayed both ways", `
			S< 220 origin
			C< 220 origin
			C> EHLO c
			S> EHLO c`, `
< 220 origin | < 220 origin
> EHLO c | > EHLO c`},
		{"answered by the proxy itself", `
			C> VRFY bob
			C< 252 Cannot VRFY user
			C> NOOP
			S> NOOP`, `
> VRFY bob |
< 252 Cannot VRFY user |
> NOOP | > NOOP`},
		{"a line left out and one replaced", `
			S< 250-origin
			S< 250-XCLIENT
			S< 250 SIZE 1
			C< 250-origin
			C< 250 SIZE 1
			C> EXPN x
			S> NOOP`, `
< 250-origin | < 250-origin
| < 250-XCLIENT
< 250 SIZE 1 | < 250 SIZE 1
> EXPN x | > NOOP`},
		{"what a terminal would obey", "C> \x1b[2J", "> ?[2J |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := transcript(c.lines); got != strings.TrimPrefix(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestTranscriptShortensMailData(t *testing.T) {
	var data, reply []string
	for i := range 100 {
		data = append(data, fmt.Sprint("C> line ", i), fmt.Sprint("S> line ", i))
		reply = append(reply, fmt.Sprint("C< 250-x", i))
	}
	got := transcript(strings.Join(data, "\n"))
	if rows := strings.Split(got, "\n"); len(rows) != longest || !strings.Contains(got, "... 85 more lines ...") {
		t.Errorf("%d rows:\n%s", len(rows), got)
	}
	if !strings.Contains(got, "> line 99 | > line 99") {
		t.Errorf("the end is missing:\n%s", got)
	}
	if rows := strings.Split(transcript(strings.Join(reply, "\n")), "\n"); len(rows) != 100 {
		t.Errorf("%d rows of a reply of 100 lines", len(rows))
	}
}

func TestTranscriptCutsLongLines(t *testing.T) {
	got := transcript("C> " + strings.Repeat("é", 200))
	if want := "> " + strings.Repeat("é", column-5) + "..."; !strings.Contains(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestParseMessage(t *testing.T) {
	m, err := ParseMessage([]byte("From: A <a@x>\nTo: b@y, C <c@z>\nCc: d@y\n\nhi\n"))
	if err != nil || m.From != "a@x" || fmt.Sprint(m.To) != "[b@y c@z d@y]" {
		t.Errorf("%v, %v", m, err)
	}
	if want := "From: A <a@x>\r\nTo: b@y, C <c@z>\r\nCc: d@y\r\n\r\nhi\r\n"; string(m.Content) != want {
		t.Errorf("content %q", m.Content)
	}
	for text, want := range map[string]string{
		"no header":               "no message",
		"Subject: x\n\nhi":        "From",
		"From: a@x\n\nhi":         "nobody to send it to",
		"From: a@x\nTo: <<\n\nhi": "To field",
	} {
		if _, err := ParseMessage([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	BuiltinMessage()
}
