package smtp

import (
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/match"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Action is what a table entry or a hook says, with Zorp's numbers.
type Action int

// The actions of the request and response tables (SMTP_REQ_*, SMTP_RSP_*) and of the extension table (SMTP_EXT_*).
const (
	Accept Action = 1
	Reject Action = 3
	Abort  Action = 4
	Drop   Action = 5 // extensions only
	Policy Action = 6 // ask the entry's hook
)

// Entry is one row of the request or the response table.
type Entry struct {
	Action Action
	Code   string // of a Reject: a reply code, 4xx or 5xx; "" is 500
	Text   string // of a Reject: one line; "" is the standard text
	Hook   Hook   // of a Policy
}

// Hook is a policy function that decides one command or one reply.
//
// It gets and may change the View: of a command RequestCmd and RequestParam, of a reply ResponseCode and
// ResponseParam; ErrorCode, ErrorInfo and ErrorAbort say how a Reject is answered. It answers Accept, Reject or
// Abort; an error or any other answer refuses with 451.
type Hook interface {
	Decide(v *View) (Action, error)
}

// View is what hooks see of a session: the run time attributes of Zorp's AbstractSmtpProxy.
type View struct {
	Session  *session.Session
	Settings *Settings
	IsReply  bool // the hook decides a reply, not a command

	RequestCmd    string // verb in capitals; of the greeting ""
	RequestParam  string // normalised
	ResponseCode  string
	ResponseParam string // text of the reply's first line
	ErrorCode     string
	ErrorInfo     string
	ErrorAbort    bool // close after the error reply

	Sender           string // the last MAIL's address
	Recipients       string // accepted RCPT addresses, separated by spaces
	HeloString       string
	Protocol         string // "SMTP" or "ESMTP"
	ActiveExtensions int    // negotiated, as SMTP_EXT_* bits

	LoggedIn bool // the server accepted a login; kept for TraceLine
	UTF8     bool // the transaction asked for SMTPUTF8; kept for TraceLine

	Self any // kept for the hooks of this session by whoever made them
}

// ResponseKey is a key of the response table. A part that is "" or "*" stands for any; a short code stands for all
// codes that begin with it.
type ResponseKey struct{ Verb, Code string }

// Settings are what a policy says about SMTP: the attributes of AbstractSmtpProxy and SmtpProxy under their Zorp
// names. A Settings value is not changed once a session uses it.
type Settings struct {
	Timeout                       time.Duration      // timeout: nothing arrived for this long; 600 s
	UnconnectedResponseCode       int                // unconnected_response_code: the greeting without a server; 451
	MaxRequestLength              int                // max_request_length: octets of a command line without its end; 2048
	MaxAuthRequestLength          int                // max_auth_request_length: the same of an AUTH line; 12288
	MaxResponseLength             int                // max_response_length: octets of a reply line without its end; 4096
	MaxLineLength                 int                // max_line_length: a line outside mail data that grows beyond this closes; 4096
	RequireCRLF                   bool               // require_crlf: only CRLF ends a line; true
	PermitUnknownCommand          bool               // permit_unknown_command: no effect on acceptance, as in Zorp
	PermitLongResponses           bool               // permit_long_responses: cut long reply lines instead of refusing them
	PermitOmissionOfAngleBrackets bool               // permit_omission_of_angle_brackets
	PermitEarlyTalker             bool               // permit_early_talker (ours): bytes before the greeting are no offence
	TLSPassthrough                bool               // tls_passthrough: where STARTTLS is forwarded, what follows it is copied, not read
	PermitAuthWithoutTLS          bool               // permit_auth_without_tls (ours): AUTH is offered in clear
	RefuseMalformedHeader         bool               // refuse_malformed_header (ours): 550 to a message whose header section is ambiguous; false: only the record says so
	ServerPoolSize                int                // server_pool_size (ours): server connections that wait for another session, at each target and loop; 0
	ServerPoolTimeout             time.Duration      // server_pool_timeout (ours): how long each may wait; 10 s
	Encryption                    *encryption.Policy // encryption_policy: where the service has none
	XClientToServer               bool               // xclient_to_server (ours): the server is told of the client by XCLIENT, which it must offer
	XForwardToServer              bool               // xforward_to_server (ours): likewise by XFORWARD, where it is not told by XCLIENT
	PermitUnannouncedClient       bool               // permit_unannounced_client (ours): go on with a server that offers neither, or refuses
	XClientFrom                   []string           // xclient_from (ours): zones whose clients may say XCLIENT
	XForwardFrom                  []string           // xforward_from (ours): zones whose clients may say XFORWARD
	AppendDomain                  string             // append_domain: for addresses without a domain
	PermitExtensions              int                // permit_extensions: SMTP_EXT_* bits, the older way to say Extensions

	// add_received_header: a Received line is put before the message (RFC 5321 §4.4). Received words it, with or without
	// the field's name; an error leaves it out. If it is nil, View.TraceLine words it.
	AddReceivedHeader bool
	Received          func(v *View) (string, error)
	Trace             Trace

	proxy.Hooks[*View]

	Limits Limits

	Extensions map[string]Action     // EHLO keyword in capitals, or "*"
	Request    map[string]Entry      // verb in capitals, or "*"
	Response   map[ResponseKey]Entry // the greeting's verb is "Null"
	Relay      Relay
}

// Relay holds the checks of SmtpProxy; the hooks CheckSender and CheckRecipient apply them.
type Relay struct {
	Check                 bool     // relay_check is in force
	Zones                 []string // relay_zones: zone names, or "*" for any client
	Domains               []string // relay_domains: a name for itself, ".name" for every name below it
	DomainsMatcher        match.Matcher
	SenderMatcher         match.Matcher // a match refuses the sender
	RecipientMatcher      match.Matcher // a match refuses the recipient
	PermitPercentHack     bool          // "%" in a recipient's local part
	PermitExclamationMark bool          // "!" in a recipient's local part
	ErrorSoft             bool          // matchers refuse with 450
}

// SMTP_EXT_* bits of the extensions that Zorp knows.
const (
	ExtPipelining = 1 << iota
	ExtSize
	ExtETRN
	Ext8BitMIME
	ExtAuth
	ExtStartTLS
)

// DefaultSettings are those of AbstractSmtpProxy: every limit has its default, the tables are empty.
func DefaultSettings() *Settings {
	return &Settings{
		Timeout:                 600 * time.Second,
		UnconnectedResponseCode: 451,
		MaxRequestLength:        2048,
		MaxAuthRequestLength:    12288,
		ServerPoolTimeout:       10 * time.Second,
		MaxResponseLength:       4096,
		MaxLineLength:           4096,
		RequireCRLF:             true,
		Limits:                  defaultLimits,
		Extensions:              map[string]Action{},
		Request:                 map[string]Entry{},
		Response:                map[ResponseKey]Entry{},
	}
}
