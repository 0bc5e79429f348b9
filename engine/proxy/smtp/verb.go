package smtp

// Verb is a command verb that the machine knows; every other verb is verbOther.
type Verb uint8

const (
	verbOther    Verb = iota
	verbGreeting      // not a command: stands for the greeting in the response table ("Null")
	verbHELO
	verbEHLO
	verbMAIL
	verbRCPT
	verbDATA
	verbRSET
	verbNOOP
	verbQUIT
	verbVRFY
	verbEXPN
	verbHELP
	verbETRN
	verbAUTH
	verbSTARTTLS
	verbBDAT
	verbXCLIENT // these two are of the proxy's own only
	verbXFORWARD
	verbCount
)

var verbNames = [verbCount]string{
	verbOther: "", verbGreeting: "Null",
	verbHELO: "HELO", verbEHLO: "EHLO", verbMAIL: "MAIL", verbRCPT: "RCPT", verbDATA: "DATA", verbRSET: "RSET",
	verbNOOP: "NOOP", verbQUIT: "QUIT", verbVRFY: "VRFY", verbEXPN: "EXPN", verbHELP: "HELP", verbETRN: "ETRN",
	verbAUTH: "AUTH", verbSTARTTLS: "STARTTLS", verbBDAT: "BDAT",
	verbXCLIENT: "XCLIENT", verbXFORWARD: "XFORWARD",
}

// String is the verb in capitals.
func (v Verb) String() string { return verbNames[v] }

// maxVerb is the length of the longest verb that is looked at; what is longer is unknown.
const maxVerb = 32

// verbOf finds the verb named by upper, which is in capitals.
func verbOf(upper []byte) Verb {
	switch string(upper) {
	case "HELO":
		return verbHELO
	case "EHLO":
		return verbEHLO
	case "MAIL":
		return verbMAIL
	case "RCPT":
		return verbRCPT
	case "DATA":
		return verbDATA
	case "RSET":
		return verbRSET
	case "NOOP":
		return verbNOOP
	case "QUIT":
		return verbQUIT
	case "VRFY":
		return verbVRFY
	case "EXPN":
		return verbEXPN
	case "HELP":
		return verbHELP
	case "ETRN":
		return verbETRN
	case "AUTH":
		return verbAUTH
	case "STARTTLS":
		return verbSTARTTLS
	case "BDAT":
		return verbBDAT
	}
	return verbOther
}

// standardVerb reports whether an RFC defines the verb: it is then "not implemented" rather than unknown when refused.
func standardVerb(upper []byte) bool {
	switch string(upper) {
	case "TURN", "ATRN", "SEND", "SOML", "SAML", "BURL":
		return true
	}
	return verbOf(upper) != verbOther
}

// foreignVerb reports whether the verb changes roles, identity or framing: no policy lets it pass from a client.
func foreignVerb(upper []byte) bool {
	switch string(upper) {
	case "XCLIENT", "XFORWARD", "TURN", "ATRN", "BURL", "XEXCH50":
		return true
	}
	return false
}

// webVerb reports whether a browser or an HTTP client is speaking (ALPACA, CVE-2021-3618).
func webVerb(upper []byte) bool {
	switch string(upper) {
	case "GET", "POST", "PUT", "CONNECT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE":
		return true
	}
	return false
}
