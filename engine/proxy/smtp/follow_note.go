package smtp

import (
	"errors"
	"fmt"
	"io"

	"zorpgo/engine/proxy"
)

// ended tells that a side will say no more.
func (f *follower) ended(side proxy.Side, why error) {
	if f.m.phase == phaseDone {
		return
	}
	text := "is lost: " + why.Error()
	switch {
	case errors.Is(why, io.EOF):
		text = "has closed the connection"
	case isTimeout(why):
		text = "was silent for too long"
	}
	f.tap.Note(f.m.session.ID, "the "+side.String()+" "+text)
}

// secured tells why TLS did not begin; that it did the session has told.
func (f *follower) secured(side proxy.Side, err error) {
	if err != nil {
		f.tap.Note(f.m.session.ID, "no TLS with the "+side.String()+": "+err.Error())
	}
}

// telling is the follower of the step at hand; nil if nobody looks on.
func (m *Machine) telling() *follower {
	if m.follower == nil || m.follower.Exchange == nil {
		return nil
	}
	return m.follower
}

// tellRefusal tells whoever looks on why a command is refused here.
func (m *Machine) tellRefusal(name []byte, r Reason) {
	f := m.telling()
	if f == nil {
		return
	}
	f.notes = append(f.notes, "refused"+m.why(name, r))
}

// why names who refuses a command, and where that stands, if the policy does, else the reason.
func (m *Machine) why(name []byte, r Reason) string {
	e, ok := m.class.request(name)
	switch by := ok && (r == ReasonPolicy || r == ReasonFunction); {
	case !by:
		return ": " + refusals[r]
	case e.Action != Policy:
		return " by the request table of class " + m.class.Name()
	}
	text := functionName(e.Hook)
	if placed, ok := e.Hook.(interface{ Place() string }); ok && placed.Place() != "" {
		text += " (" + placed.Place() + ")"
	}
	if r == ReasonFunction {
		return ": " + text + " failed"
	}
	return " by " + text
}

// refusals say in words what Reason says in one.
var refusals = [reasonCount]string{
	ReasonPolicy: "the policy says so", ReasonLine: "no command line", ReasonVerb: "unknown, or not accepted by the policy",
	ReasonOrder: "not now", ReasonSyntax: "its parameters", ReasonAddress: "a malformed address", ReasonRelay: "relaying is not allowed",
	ReasonSender: "the sender is matched by the policy", ReasonRecipient: "the recipient is matched by the policy", ReasonLimit: "a limit",
	ReasonTLS: "TLS has to begin first", ReasonAuth: "authentication", ReasonContent: "the content", ReasonFunction: "a function of the policy failed",
	ReasonSync: "sent before its turn", ReasonProtocol: "another protocol", ReasonServer: "there is no server", ReasonReply: "the server's reply",
}

// tellMessage tells what became of a message.
func (m *Machine) tellMessage(code int, note string) {
	f := m.telling()
	if f == nil {
		return
	}
	text := "message accepted by the server"
	switch {
	case note == "not delivered":
		text = "message " + note
	case note != "":
		text = "message not delivered, " + note
	case code/100 != 2:
		text = fmt.Sprintf("message refused with %d", code)
	}
	f.notes = append(f.notes, fmt.Sprintf("%s: from <%s>, %d recipients, %d bytes", text, m.sender, m.accepted, m.size))
}
