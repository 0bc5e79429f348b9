package smtp

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"

	"zorpgo/engine/journal"
	"zorpgo/engine/proxy"
)

// askReceived has the Received line worded, leaves it in m.received, and goes on.
func (m *Machine) askReceived(x proxy.Exchange, then func(proxy.Exchange)) {
	v := m.look()
	v.LoggedIn, v.UTF8 = m.is(flagLoggedIn), m.is(flagUTF8)
	var text string
	var err error
	m.set(flagAsked)
	m.then = func(x proxy.Exchange) {
		if err == nil {
			m.received, err = receivedLine(text, v.UTF8)
		}
		if err != nil {
			m.session.Record(journal.Class{Tag: faults.Tag, Verbosity: 1}, "Received line left out", slog.Any("error", err))
		}
		then(x)
	}
	x.Ask(func() { text, err = m.settings.wordReceived(v) })
}

func (s *Settings) wordReceived(v *View) (string, error) {
	if s.Received == nil {
		return v.TraceLine(), nil
	}
	return s.Received(v)
}

// maxFieldLine: RFC 5322 §2.1.1.
const maxFieldLine = 998

// receivedLine makes a header field of text, which may name the field and be folded already. Only a message that is
// internationalized has other than ASCII characters in its header (RFC 6532 §3.2).
func receivedLine(text string, utf8 bool) ([]byte, error) {
	if !utf8 && !isASCII(text) {
		return nil, errors.New("the text has characters that are not ASCII, and the message is no SMTPUTF8 one")
	}
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if hasFold([]byte(text), "RECEIVED:") {
		text = strings.TrimLeft(text[len("Received:"):], " ")
	}
	line := []byte("Received: ")
	for i, part := range strings.Split(text, "\n") {
		if controlFault([]byte(part)) != lineOK || strings.Trim(part, " \t") == "" || i > 0 && part[0] != ' ' && part[0] != '\t' {
			return nil, errors.New("the text is no header field")
		}
		if len(part) > maxFieldLine-len("Received: ") {
			return nil, errors.New("the text has a line that is too long: fold it")
		}
		line = append(append(line, part...), crlf...)
	}
	return bytes.Clone(line), nil
}
