package smtp

import "zorpgo/engine/meter"

// A meter has room for all of them.
var (
	_ [meter.Verbs - verbCount]struct{}
	_ [meter.Reasons - reasonCount]struct{}
)

// Reason is why the proxy itself refused something, for who counts.
type Reason int

// The reasons.
const (
	ReasonPolicy    Reason = iota // a table or a function of the policy says so
	ReasonLine                    // no command line
	ReasonVerb                    // unknown or not accepted
	ReasonOrder                   // not now
	ReasonSyntax                  // parameters
	ReasonAddress                 // malformed
	ReasonRelay                   // relaying
	ReasonSender                  // matched
	ReasonRecipient               // matched
	ReasonLimit                   // of size, number or speed
	ReasonTLS                     // it has to be
	ReasonAuth                    // authentication
	ReasonContent                 // of a message
	ReasonFunction                // a function of the policy failed
	ReasonSync                    // sent before its turn
	ReasonProtocol                // another protocol
	ReasonServer                  // there is no server
	ReasonReply                   // of the server
	reasonCount
)

var reasonNames = [reasonCount]string{"policy", "line", "verb", "order", "syntax", "address", "relay", "sender", "recipient", "limit",
	"tls", "auth", "content", "function", "sync", "protocol", "server", "reply"}

// String is the reason in one word.
func (r Reason) String() string { return reasonNames[r] }

// Reasons lists all of them, by number.
func Reasons() []string { return reasonNames[:] }

// VerbNames lists the verbs that are counted apart, by number; other ones are "other", the greeting is "greeting".
func VerbNames() []string {
	names := append([]string(nil), verbNames[:]...)
	names[verbOther], names[verbGreeting] = "other", "greeting"
	return names
}

// reasonOf is the reason of an answer that stands in place of the server's.
func reasonOf(a *answer) Reason {
	switch a {
	case &answerInvalid, &answerUnbuilt, &answerForeign:
		return ReasonVerb
	case &answerOrder, &answerNoRcpt, &answerPoisoned:
		return ReasonOrder
	case &answerSyntax, &answerParameter:
		return ReasonSyntax
	case &answerMalformed, &answerUTF8:
		return ReasonAddress
	case &answerRelay:
		return ReasonRelay
	case &answerSender, &answerSenderSoft:
		return ReasonSender
	case &answerRcpt, &answerRcptSoft:
		return ReasonRecipient
	case &answerTooMany, &answerTooBig, &answerHeader, &answerHops, &answerSlow, &answerSession, &answerErrors:
		return ReasonLimit
	case &answerNeedsTLS, &answerMustTLS, &answerNoTLS, &answerServerTLS:
		return ReasonTLS
	case &answerMechanism, &answerBase64, &answerAuthLong:
		return ReasonAuth
	case &answerContent, &answerBadHeader:
		return ReasonContent
	case &answerHook:
		return ReasonFunction
	}
	return ReasonPolicy
}

// countRefusal counts what the proxy refuses.
func (m *Machine) countRefusal(r Reason) {
	m.session.Count.Refused++
	m.session.Meter.Refusal(int(r))
}

func (m *Machine) countReply(verb Verb, class int) { m.session.Meter.Reply(int(verb), class) }

// class is the first digit of the code.
func (a *answer) class() int { return int(a.code[0] - '0') }

// functionName is what a function of the policy is called.
func functionName(h Hook) string {
	if named, ok := h.(interface{ Name() string }); ok {
		return named.Name()
	}
	return "other"
}

// Name is checkSender.
func (senderCheck) Name() string { return "checkSender" }

// Name is checkRecipient.
func (recipientCheck) Name() string { return "checkRecipient" }
