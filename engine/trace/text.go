package trace

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxLine is how many bytes of a line are shown.
const MaxLine = 1024

// Line is what a foreign party said, in a form that is safe to show and can stand in a dialog: the text itself if the
// line has nothing that could be taken for anything else and ends with CRLF, else all of it in quotes, with escapes.
func Line(raw []byte) string {
	text, whole := strings.CutSuffix(string(raw[:min(len(raw), MaxLine)]), "\r\n")
	switch {
	case len(raw) > MaxLine:
		return strconv.Quote(text) + fmt.Sprintf(" ... %d bytes", len(raw))
	case whole && isPlain(text):
		return text
	case whole:
		return strconv.Quote(text + "\r\n")
	}
	return strconv.Quote(text)
}

// isPlain: printable characters only, and no beginning that has a meaning here.
func isPlain(text string) bool {
	if text != "" && (text[0] == '"' || text[0] == '<') || strings.Trim(text, " ") != text || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return true
}

// Clean is text of a record, which may hold foreign words: one line, printable.
func Clean(text string) string {
	if len(text) > MaxLine {
		text = text[:MaxLine] + "..."
	}
	if isPlain("x" + text + "x") {
		return text
	}
	return strings.ReplaceAll(strings.Trim(strconv.Quote(text), `"`), `\"`, `"`)
}

const clock = "15:04:05.000"

// String is the event as a line of a transcript, for people.
func (e Event) String() string {
	head := e.Time.Format(clock) + " "
	if e.Session != "" {
		head += e.Session + " "
	}
	if e.Kind == Said {
		return strings.TrimRight(head+e.From.letter()+">"+e.To.letter()+" "+e.Text, " ")
	}
	return head + "--- " + e.words()
}

func (p Party) letter() string { return strings.ToUpper(string(p[:1])) }

func (e Event) words() string {
	switch e.Kind {
	case Begin:
		return "begins: " + e.About.whence()
	case Joined:
		return "is followed from here, began at " + e.About.Started.Format(time.TimeOnly) + ": " + e.About.whence()
	case End:
		return "ends: " + e.About.outcome()
	case Missed:
		return e.missed()
	}
	return e.Text
}

func (e Event) missed() string {
	var parts []string
	if e.Lost > 0 {
		parts = append(parts, fmt.Sprintf("%d lines are lost here: they came faster than they were read", e.Lost))
	}
	if e.Passed > 0 {
		parts = append(parts, fmt.Sprintf("sessions that are not followed, there are enough at a time (--max-sessions): %d", e.Passed))
	}
	return strings.Join(parts, "; ")
}

func (s *Subject) whence() string {
	text := "client " + s.Client.String()
	if s.ClientZone != "" {
		text += " of zone " + s.ClientZone
	}
	text += fmt.Sprintf(" to %s, rule %d (%s), service %s", s.Local, s.Rule, s.RulePos, s.Service)
	if s.Server != "" {
		text += ", server " + s.Server
	}
	return text
}

func (s *Subject) outcome() string {
	text := s.Verdict
	if s.Reason != "" {
		text += ", " + Clean(s.Reason)
	}
	return text + fmt.Sprintf("; %d messages, %d bytes from and %d to the client, %d from and %d to the server, %s", s.Messages,
		s.FromClient, s.ToClient, s.FromServer, s.ToServer, time.Duration(s.Seconds*float64(time.Second)).Round(time.Millisecond))
}
