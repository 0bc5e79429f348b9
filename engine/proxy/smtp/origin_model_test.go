package smtp

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// originModel is a server that a page describes: it reads what the proxy sent it, with the replies that it gave in order, and
// says what it took for commands and for messages. The proxy must have meant the same.
type originModel struct {
	in      []byte
	replies []int // codes, the greeting's first

	commands []string // verbs
	messages int      // complete, and confirmed
}

// codes are those of a server's complete replies.
func codes(server []byte) (list []int) {
	for line := range bytes.SplitSeq(server, crlf) {
		if code, err := strconv.Atoi(string(line[:min(3, len(line))])); err == nil && (len(line) == 3 || len(line) > 3 && line[3] == ' ') {
			list = append(list, code)
		}
	}
	return list
}

// read goes through all that the server was sent.
func (m *originModel) read() {
	m.reply() // the greeting
	for len(m.in) > 0 {
		line, ok := m.line()
		if !ok {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		m.commands = append(m.commands, verb)
		switch verb {
		case "DATA":
			m.data()
		case "BDAT":
			m.chunk(rest)
		case "AUTH":
			for code := m.reply(); code == 334; code = m.reply() {
				if _, ok := m.line(); !ok {
					return
				}
			}
		default:
			m.reply()
		}
	}
}

// data is a message if the server asked for one, to the first line that is a dot.
func (m *originModel) data() {
	if m.reply() != 354 {
		return
	}
	for line, ok := m.line(); ok; line, ok = m.line() {
		if line == "." {
			m.confirm()
			return
		}
	}
}

func (m *originModel) chunk(param string) {
	size, last, _ := strings.Cut(param, " ")
	n, _ := strconv.Atoi(size)
	if n > len(m.in) {
		m.in = nil
		return
	}
	m.in = m.in[n:]
	if strings.EqualFold(last, "LAST") {
		m.confirm()
	} else {
		m.reply()
	}
}

func (m *originModel) confirm() {
	if m.reply()/100 == 2 {
		m.messages++
	}
}

func (m *originModel) line() (string, bool) {
	line, rest, ok := bytes.Cut(m.in, crlf)
	m.in = rest
	return string(line), ok
}

func (m *originModel) reply() (code int) {
	if len(m.replies) > 0 {
		code, m.replies = m.replies[0], m.replies[1:]
	}
	return code
}

// strange is a command that the proxy never sends: mail data or a login that the server took for one.
func (m *originModel) strange() string {
	known := strings.Fields("HELO EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP ETRN AUTH")
	for _, verb := range m.commands {
		if !slices.Contains(known, verb) {
			return verb
		}
	}
	return ""
}
