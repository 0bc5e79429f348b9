// Package smtp is the SMTP proxy: a state machine that checks every command of the client, every reply of the server
// and every byte of mail data, and relays what policy and protocol permit (RFC 5321, Zorp's SmtpProxy).
//
// A Class holds what a policy says (Settings, compiled); it makes one Machine per session, a proxy.Protocol. The
// machine does no I/O. Its way through a session:
//
//	Open          the server is connected, or "451 Server not available"
//	greeted       the server's greeting is relayed
//	command       a client line: parsed, checked for its place, given to the request table, forwarded
//	reply         a server reply: parsed, given to the response table, relayed; it moves the state
//	body          mail data: scanned and passed where it lies, to the one true end of data
//
// What reaches the server is rebuilt from what was understood, except mail data; what reaches the client is the
// server's own, byte for byte, or a reply of ours with the text Zorp gives it.
package smtp
