package smtp

import (
	"bytes"
	"errors"
	"strings"

	"zorpgo/engine/proxy"
)

// askReceived has the Received line worded, leaves it in m.received, and goes on.
func (m *Machine) askReceived(x proxy.Exchange, then func(proxy.Exchange)) {
	v := m.look()
	v.LoggedIn = m.is(flagLoggedIn)
	var text string
	var err error
	m.set(flagAsked)
	m.then = func(x proxy.Exchange) {
		if err == nil {
			m.received, err = receivedLine(text)
		}
		if err != nil {
			m.session.Log.Error("Received line left out", "tag", "smtp.error", "error", err)
		}
		then(x)
	}
	x.Ask(func() { text, err = m.settings.Received(v) })
}

// receivedLine makes a header field of text, which may name the field and be folded already.
func receivedLine(text string) ([]byte, error) {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if hasFold([]byte(text), "RECEIVED:") {
		text = strings.TrimLeft(text[len("Received:"):], " ")
	}
	line := []byte("Received: ")
	for i, part := range strings.Split(text, "\n") {
		if controlFault([]byte(part)) != lineOK || part == "" || i > 0 && part[0] != ' ' && part[0] != '\t' {
			return nil, errors.New("the text is no header field")
		}
		line = append(append(line, part...), crlf...)
	}
	return bytes.Clone(line), nil
}
