package trial

import (
	"bytes"
	"strconv"
	"strings"
)

// origin plays the server of one session: it answers every command, as it was told or agreeably, and keeps what it got.
type origin struct {
	replies  map[string][]string // by verb; of several the next one, the last one for good
	lines    []string            // commands
	messages []string            // mail data, without the dots of transparency
	unread   []byte
	data     []byte // the message at hand
	inData   bool
	chunk    int // octets of a BDAT that are to come
	last     bool
	opaque   bool // no SMTP: everything is kept, nothing answered
	received []byte
}

// agreeable is what a server says that was told nothing; "" stands for verbs that it does not know.
var agreeable = map[string]string{
	"GREETING": "220 origin.test ESMTP", "HELO": "250 origin.test",
	"EHLO": "250-origin.test\n250-PIPELINING\n250-SIZE 10485760\n250-8BITMIME\n250-ENHANCEDSTATUSCODES\n250-DSN\n250-SMTPUTF8\n250 CHUNKING",
	"MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go ahead", "END": "250 2.0.0 queued", "BDAT": "250 2.0.0 ok",
	"RSET": "250 2.0.0 ok", "NOOP": "250 2.0.0 ok", "VRFY": "252 2.0.0 try it", "EXPN": "252 2.0.0 try it", "HELP": "214 2.0.0 help",
	"ETRN": "250 2.0.0 ok", "STARTTLS": "220 2.0.0 go ahead", "AUTH": "235 2.7.0 welcome", "QUIT": "221 2.0.0 bye",
	"XCLIENT": "220 origin.test ESMTP", "XFORWARD": "250 2.0.0 ok", // if its EHLO offers them
	"": "500 5.5.2 unknown",
}

// reply is what the origin says to a verb, as bytes.
func (o *origin) reply(verb string) string {
	text, known := agreeable[verb]
	if !known {
		text = agreeable[""]
	}
	if own := o.replies[verb]; len(own) > 0 {
		text = own[0]
		if len(own) > 1 {
			o.replies[verb] = own[1:]
		}
	}
	return strings.ReplaceAll(text, "\n", "\r\n") + "\r\n"
}

// receive takes what the proxy sent and gives the replies that are due.
func (o *origin) receive(b []byte) (answers []byte) {
	o.received = append(o.received, b...)
	if o.opaque {
		return nil
	}
	o.unread = append(o.unread, b...)
	for {
		answer, more := o.step()
		if !more {
			return answers
		}
		answers = append(answers, answer...)
	}
}

func (o *origin) step() (answer string, more bool) {
	if o.chunk > 0 {
		return o.takeChunk()
	}
	end := bytes.Index(o.unread, []byte("\r\n"))
	if end < 0 {
		return "", false
	}
	line := string(o.unread[:end])
	o.unread = o.unread[end+2:]
	if o.inData {
		return o.dataLine(line), true
	}
	return o.command(line), true
}

func (o *origin) dataLine(line string) string {
	if line == "." {
		o.inData = false
		return o.message()
	}
	o.data = append(append(o.data, strings.TrimPrefix(line, ".")...), "\r\n"...)
	return ""
}

func (o *origin) message() string {
	o.messages = append(o.messages, string(o.data))
	o.data = nil
	return o.reply("END")
}

func (o *origin) command(line string) string {
	o.lines = append(o.lines, line)
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return o.reply("")
	}
	verb := strings.ToUpper(fields[0])
	if verb == "BDAT" && len(fields) > 1 {
		o.chunk, _ = strconv.Atoi(fields[1])
		o.last = len(fields) > 2
		if o.chunk > 0 {
			return ""
		}
		return o.chunkEnd()
	}
	reply := o.reply(verb)
	o.inData = verb == "DATA" && strings.HasPrefix(reply, "3")
	return reply
}

func (o *origin) takeChunk() (string, bool) {
	n := min(o.chunk, len(o.unread))
	o.data = append(o.data, o.unread[:n]...)
	o.unread, o.chunk = o.unread[n:], o.chunk-n
	if o.chunk > 0 {
		return "", false
	}
	return o.chunkEnd(), true
}

func (o *origin) chunkEnd() string {
	if o.last {
		return o.message()
	}
	return o.reply("BDAT")
}
