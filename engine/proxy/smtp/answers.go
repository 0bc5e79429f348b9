package smtp

// answer is a reply of the proxy's own, in both forms: where the client was shown ENHANCEDSTATUSCODES an enhanced
// status code stands before the text (RFC 2034 §4), but never in the greeting or in a reply to HELO or EHLO.
type answer struct {
	code     string
	plain    []byte
	enhanced []byte
}

func newAnswer(code, enhanced, text string) answer {
	return answer{
		code:     code,
		plain:    []byte(code + " " + text + "\r\n"),
		enhanced: []byte(code + " " + enhanced + " " + text + "\r\n"),
	}
}

// The replies that the proxy gives by itself. The texts up to answerClosing are Zorp's, which log readers compare.
var (
	answerInvalid    = newAnswer("500", "5.5.2", "Invalid command")
	answerOrder      = newAnswer("503", "5.5.1", "Invalid command in this state")
	answerMalformed  = newAnswer("501", "5.1.3", "Malformed address")
	answerRelay      = newAnswer("554", "5.7.1", "Relaying denied.")
	answerSender     = newAnswer("550", "5.7.1", "Sender address refused.")
	answerSenderSoft = newAnswer("450", "4.7.1", "Cannot verify sender at this time, come back later.")
	answerRcpt       = newAnswer("554", "5.7.1", "Recipient address refused.")
	answerRcptSoft   = newAnswer("450", "4.7.1", "Cannot verify recipient at this time, come back later.")
	answerBye        = newAnswer("221", "2.0.0", "Bye")
	answerClosing    = newAnswer("421", "4.3.2", "Service not available, closing transmission channel.")

	answerSyntax    = newAnswer("501", "5.5.4", "Syntax error in parameters or arguments")
	answerParameter = newAnswer("555", "5.5.4", "MAIL FROM/RCPT TO parameters not recognized or not implemented")
	answerUTF8      = newAnswer("553", "5.6.7", "Internationalized address needs SMTPUTF8")
	answerUnbuilt   = newAnswer("502", "5.5.1", "Command not implemented")
	answerForwarded = newAnswer("250", "2.0.0", "Ok")
	answerNoVRFY    = newAnswer("252", "2.5.0", "Cannot VRFY user")
	answerForeign   = newAnswer("550", "5.7.0", "Command not permitted")
	answerNoRcpt    = newAnswer("554", "5.5.1", "No valid recipients")
	answerPoisoned  = newAnswer("554", "5.5.1", "Transaction failed")
	answerTooMany   = newAnswer("452", "4.5.3", "Too many recipients")
	answerErrors    = newAnswer("421", "4.7.0", "Too many errors, closing transmission channel.")
	answerSync      = newAnswer("554", "5.5.0", "Commands sent before the reply was due")
	answerNeedsTLS  = newAnswer("538", "5.7.11", "Encryption required for authentication")
	answerMustTLS   = newAnswer("530", "5.7.0", "Must issue a STARTTLS command first")
	answerReady     = newAnswer("220", "2.0.0", "Ready to start TLS")
	answerNoTLS     = newAnswer("454", "4.7.0", "TLS not available due to temporary reason")
	answerServerTLS = newAnswer("451", "4.7.0", "Server not available with encryption")
	answerMechanism = newAnswer("504", "5.5.4", "Authentication mechanism not permitted")
	answerBase64    = newAnswer("501", "5.5.2", "Cannot decode authentication data")
	answerAuthLong  = newAnswer("500", "5.5.6", "Authentication line is too long")
	answerTooBig    = newAnswer("552", "5.3.4", "Message size exceeds the limit")
	answerHeader    = newAnswer("552", "5.3.4", "Header section is too long")
	answerBadHeader = newAnswer("550", "5.6.0", "Header section can be read in more than one way")
	answerHops      = newAnswer("554", "5.4.6", "Too many hops")
	answerSlow      = newAnswer("421", "4.4.2", "Mail data comes in too slowly, closing transmission channel.")
	answerCrowded   = newAnswer("421", "4.7.0", "Too many sessions, please try again later")
	answerSession   = newAnswer("421", "4.7.0", "Too many transactions, closing transmission channel.")
	answerContent   = newAnswer("550", "5.6.0", "Message refused: bare CR, bare LF or NUL in it")
	answerHook      = newAnswer("451", "4.3.0", "Policy could not decide, come back later")
)

// in is the form of a for a client that was, or was not, shown ENHANCEDSTATUSCODES.
func (a *answer) in(enhanced bool) []byte {
	if enhanced {
		return a.enhanced
	}
	return a.plain
}

// text is what it says.
func (a *answer) text() string { return string(a.plain[len(a.code)+1 : len(a.plain)-len(crlf)]) }

// policyAnswer is the reply that a table entry or a hook words itself; empty parts have their defaults.
func policyAnswer(code, text string) answer {
	if code == "" {
		code = answerInvalid.code
	}
	if text == "" {
		text = "Invalid command"
	}
	if hasEnhanced(text) {
		plain := []byte(code + " " + text + "\r\n")
		return answer{code, plain, plain}
	}
	return newAnswer(code, code[:1]+".7.1", text)
}

// hasEnhanced reports whether text begins with an enhanced status code (RFC 3463 §2).
func hasEnhanced(text string) bool {
	if len(text) < 5 || text[0] < '2' || text[0] > '5' || text[1] != '.' {
		return false
	}
	dots := 0
	for i := 1; i < len(text) && text[i] != ' '; i++ {
		if text[i] == '.' {
			dots++
		} else if !isDigit(text[i]) {
			return false
		}
	}
	return dots == 2
}

// validReject reports whether code and text can answer a refusal: 4xx or 5xx (no success is ever made here), one
// printable line.
func validReject(code, text string) bool {
	if code != "" && (len(code) != 3 || code[0] != '4' && code[0] != '5' || !isDigit(code[1]) || !isDigit(code[2])) {
		return false
	}
	return len(text) <= 500 && controlFault([]byte(text)) == lineOK
}
