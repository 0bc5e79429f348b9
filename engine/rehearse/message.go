package rehearse

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
)

// builtin is the message of a rehearsal that was given none.
const builtin = `From: Alice <alice@client.example>
To: Bob <bob@origin.example>
Subject: a rehearsal
Date: Mon, 02 Jan 2006 15:04:05 +0000
Message-ID: <rehearsal@client.example>

Dear Bob,

this message went from a client through the policy to an origin server.
.A line that begins with a dot arrives with one dot.

Alice
`

// Message is a message with its envelope.
type Message struct {
	From    string
	To      []string
	Content []byte // with CRLF line ends
}

// BuiltinMessage is the message that is sent if no other is given.
func BuiltinMessage() Message {
	m, err := ParseMessage([]byte(builtin))
	if err != nil {
		panic(err)
	}
	return m
}

// ParseMessage takes the envelope of a message from its From, To and Cc fields.
func ParseMessage(content []byte) (Message, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return Message{}, fmt.Errorf("no message: %w", err)
	}
	from, err := parsed.Header.AddressList("From")
	if err != nil {
		return Message{}, fmt.Errorf("the From field of the message: %w", err)
	}
	m := Message{From: from[0].Address, Content: []byte(crlf(string(content)))}
	for _, field := range []string{"To", "Cc"} {
		if parsed.Header.Get(field) == "" {
			continue
		}
		list, err := parsed.Header.AddressList(field)
		if err != nil {
			return Message{}, fmt.Errorf("the %s field of the message: %w", field, err)
		}
		for _, a := range list {
			m.To = append(m.To, a.Address)
		}
	}
	if len(m.To) == 0 {
		return Message{}, fmt.Errorf("the message has neither a To nor a Cc field: nobody to send it to")
	}
	return m, nil
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}
