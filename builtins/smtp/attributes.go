package smtp

import (
	"math"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/smtp"
)

// Attribute is one name that a policy may read or write on a proxy object.
type Attribute = proxyclass.Attribute

// Attributes are those of AbstractSmtpProxy and SmtpProxy, but for the tables request, response and extensions.
var Attributes = append([]*Attribute{
	number("timeout", "600000", "ms without a byte from a side after which the session ends",
		func(s *smtp.Settings) any { return &s.Timeout }).Between(1, math.MaxInt32),
	number("unconnected_response_code", "451", "the reply code of the greeting when there is no server",
		func(s *smtp.Settings) any { return &s.UnconnectedResponseCode }).Between(400, 599),
	number("max_request_length", "2048", "octets of a command line without its end",
		func(s *smtp.Settings) any { return &s.MaxRequestLength }).Between(12, proxy.MaxUnused-2),
	number("max_response_length", "4096", "octets of a reply line without its end",
		func(s *smtp.Settings) any { return &s.MaxResponseLength }).Between(5, proxy.MaxUnused-2),
	number("max_line_length", "4096", "a line outside mail data that grows beyond this ends the session",
		func(s *smtp.Settings) any { return &s.MaxLineLength }).Between(12, proxy.MaxUnused-2),
	boolean("require_crlf", "TRUE", "only CRLF ends a line", func(s *smtp.Settings) any { return &s.RequireCRLF }),
	boolean("permit_unknown_command", "FALSE", "as in Zorp, it does not make unknown commands acceptable: only the request table does",
		func(s *smtp.Settings) any { return &s.PermitUnknownCommand }),
	boolean("permit_long_responses", "FALSE", "cut long reply lines instead of refusing them",
		func(s *smtp.Settings) any { return &s.PermitLongResponses }),
	boolean("permit_omission_of_angle_brackets", "FALSE", "accept addresses without < and >",
		func(s *smtp.Settings) any { return &s.PermitOmissionOfAngleBrackets }),
	boolean("permit_early_talker", "FALSE", "not Zorp's: bytes before the greeting are no offence",
		func(s *smtp.Settings) any { return &s.PermitEarlyTalker }),
	number("server_pool_size", "0", "not Zorp's: server connections that wait for another session after QUIT, at each target and event loop; 0: each session connects anew. "+
		"The client is then answered QUIT here, and the server is told RSET instead. Never where the server sees the client's address, after a login, or for sessions that "+
		"do not run on loops", func(s *smtp.Settings) any { return &s.ServerPoolSize }).Between(0, 10000),
	number("server_pool_timeout", "10000", "not Zorp's: ms that a connection waits for another session",
		func(s *smtp.Settings) any { return &s.ServerPoolTimeout }).Between(1, math.MaxInt32),
	proxyclass.TLS(),
	proxyclass.EncryptionPolicy(func(s any) **encryption.Policy { return &s.(*smtp.Settings).Encryption }),
	boolean("tls_passthrough", "FALSE", "where STARTTLS is forwarded (ForwardStartTLSEncryption), client and server do TLS with each other: what follows is copied and not checked",
		func(s *smtp.Settings) any { return &s.TLSPassthrough }),
	boolean("xclient_to_server", "FALSE", "not Zorp's: tell the server of the client by XCLIENT, Postfix's, before the client's HELO or EHLO is answered; the server takes it for its "+
		"client then (Postfix: smtpd_authorized_xclient_hosts). A server that does not offer XCLIENT, or refuses it, gets no mail: the client is answered 451. "+
		"The host's name is told only with resolve_host, and if it has the client's address", func(s *smtp.Settings) any { return &s.XClientToServer }),
	boolean("xforward_to_server", "FALSE", "not Zorp's: likewise by XFORWARD before each MAIL, for the server's log (Postfix: smtpd_authorized_xforward_hosts); "+
		"with xclient_to_server only where XCLIENT is not offered", func(s *smtp.Settings) any { return &s.XForwardToServer }),
	boolean("permit_unannounced_client", "FALSE", "not Zorp's: go on, as if neither were said, with a server that does not offer it or refuses it",
		func(s *smtp.Settings) any { return &s.PermitUnannouncedClient }),
	texts("xclient_from", "not Zorp's: zones, such as that of a proxy in front, whose clients may say XCLIENT, with the zones below them. The client is then who they say, in "+
		"relay checks, functions of the policy, logs and towards the server; which rule and which server the session has was decided before",
		func(s *smtp.Settings) any { return &s.XClientFrom }),
	texts("xforward_from", "not Zorp's: zones whose clients may say XFORWARD, with the zones below them: what they say is logged, and passed on by xforward_to_server, but decides nothing",
		func(s *smtp.Settings) any { return &s.XForwardFrom }),
	{Name: "append_domain", Type: word.Text, Default: `""`, Doc: "the domain given to addresses that have none",
		Setting: proxyclass.Field(func(s *smtp.Settings) any { return &s.AppendDomain })},
	number("permit_extensions", "0", "SMTP_EXT_* bits, the older way to say extensions",
		func(s *smtp.Settings) any { return &s.PermitExtensions }).Between(0, 63),
	number("max_auth_request_length", "12288", "octets of an AUTH line without its end",
		func(s *smtp.Settings) any { return &s.MaxAuthRequestLength }).Between(12, proxy.MaxUnused-2),
	boolean("refuse_malformed_header", "FALSE", "not Zorp's: refuse a message whose header section readers may read differently: a field twice that may be there once, "+
		"a line without a colon, a space before one; FALSE says so in the message's record only", func(s *smtp.Settings) any { return &s.RefuseMalformedHeader }),
	boolean("permit_auth_without_tls", "FALSE", "not Zorp's: offer AUTH in clear", func(s *smtp.Settings) any { return &s.PermitAuthWithoutTLS }),

	boolean("add_received_header", "FALSE", "put a Received line before each message, worded by generateReceived()",
		func(s *smtp.Settings) any { return &s.AddReceivedHeader }),
	boolean("resolve_host", "FALSE", "look the client's host name up in the DNS for the Received line",
		func(s *smtp.Settings) any { return &s.Trace.ResolveHost }),
	{Name: "domain_name", Type: word.Text, Default: "None", Doc: "the proxy's own name in the Received line, a domain or an address literal; unknown if nothing says it",
		Setting: proxyclass.Field(func(s *smtp.Settings) any { return &s.Trace.DomainName })},
	{Name: "autodetect_domain_from", Type: word.Text, Default: "None",
		Doc:     "where that name is from without domain_name: SMTP_GETDOMAIN_MAILNAME, the first line of /etc/mailname, or SMTP_GETDOMAIN_FQDN, the host's name",
		Setting: proxyclass.Field(func(s *smtp.Settings) any { return &s.Trace.AutodetectDomainFrom })},

	limit("max_recipients", "1000", "recipients of one transaction", func(l *smtp.Limits) any { return &l.Recipients }),
	limit("max_transactions", "1000", "transactions of one session, 0 = no limit", func(l *smtp.Limits) any { return &l.Transactions }),
	limit("max_errors", "20", "refusals of the proxy's own before it closes with 421", func(l *smtp.Limits) any { return &l.Errors }),
	limit("max_idle_commands", "1000", "commands such as NOOP, RSET and VRFY without a message between them before 421, 0 = no limit", func(l *smtp.Limits) any { return &l.IdleCommands }),
	limit("max_auth_failures", "3", "refused logins before 421, 0 = no limit", func(l *smtp.Limits) any { return &l.AuthFailures }),
	limit("max_reply_lines", "100", "lines of one reply of the server", func(l *smtp.Limits) any { return &l.ReplyLines }),
	limit("max_message_size", "0", "octets of a message, 0 = what the server says", func(l *smtp.Limits) any { return &l.MessageSize }),
	limit("max_header_size", "1048576", "octets of a message's header section, 0 = no limit", func(l *smtp.Limits) any { return &l.HeaderSize }),
	limit("max_hops", "100", "Received lines of a message, 0 = no limit", func(l *smtp.Limits) any { return &l.Hops }),
	limit("min_data_rate", "100", "octets a second of mail data, on average over timeout_data_block, 0 = no limit", func(l *smtp.Limits) any { return &l.DataRate }),
	limit("timeout_greeting", "300000", "ms for the server's greeting", func(l *smtp.Limits) any { return &l.TimeoutGreeting }),
	limit("timeout_command", "300000", "ms for a whole command line of the client", func(l *smtp.Limits) any { return &l.TimeoutCommand }),
	limit("timeout_reply", "300000", "ms for the server's reply to a command", func(l *smtp.Limits) any { return &l.TimeoutReply }),
	limit("timeout_data_init", "120000", "ms for the server's reply to DATA", func(l *smtp.Limits) any { return &l.TimeoutDataInit }),
	limit("timeout_data_block", "180000", "ms between two pieces of mail data", func(l *smtp.Limits) any { return &l.TimeoutDataBlock }),
	limit("timeout_data_end", "600000", "ms for the server's reply to the end of mail data", func(l *smtp.Limits) any { return &l.TimeoutDataEnd }),
	limit("timeout_write", "120000", "ms for one write to a side that does not read", func(l *smtp.Limits) any { return &l.TimeoutWrite }),
	limit("max_session_time", "86400000", "ms that a session may last, 0 = no limit", func(l *smtp.Limits) any { return &l.SessionTime }),

	seen("request_cmd", "the command's verb; in a request callback, what is forwarded",
		func(v *smtp.View) any { return &v.RequestCmd }, "request_command"),
	seen("request_param", "the command's parameter, normalised; in a request callback, what is forwarded",
		func(v *smtp.View) any { return &v.RequestParam }),
	seen("response_code", "the reply's code; in a response callback, what is relayed",
		func(v *smtp.View) any { return &v.ResponseCode }, "response_value"),
	seen("response_param", "the text of the reply's first line; in a response callback, what is relayed",
		func(v *smtp.View) any { return &v.ResponseParam }),
	seen("error_code", "the reply code when a callback rejects", func(v *smtp.View) any { return &v.ErrorCode }),
	seen("error_info", "the reply text when a callback rejects", func(v *smtp.View) any { return &v.ErrorInfo }),
	seen("sender", "the last MAIL's address, for logs", func(v *smtp.View) any { return &v.Sender }),
	seen("recipients", "the accepted RCPT addresses, separated by spaces, for logs",
		func(v *smtp.View) any { return &v.Recipients }),
	{Name: "error_abort", Type: word.Boolean, Default: "FALSE", Doc: "close after the next error reply",
		View: proxyclass.Field(func(v *smtp.View) any { return &v.ErrorAbort })},
	{Name: "helo_string", Type: word.Text, Default: `""`, Doc: "the last HELO's or EHLO's argument", ReadOnly: true,
		View: proxyclass.Field(func(v *smtp.View) any { return &v.HeloString })},
	{Name: "protocol", Type: word.Text, Default: `""`, Doc: "SMTP or ESMTP", ReadOnly: true,
		View: proxyclass.Field(func(v *smtp.View) any { return &v.Protocol })},
	{Name: "active_extensions", Type: word.Integer, Default: "0", Doc: "the negotiated extensions, as SMTP_EXT_* bits", ReadOnly: true,
		View: proxyclass.Field(func(v *smtp.View) any { return &v.ActiveExtensions })},

	proxyclass.NotBuilt("interval_transfer_noop", word.Integer, "60000", "content inspection is not built"),
	proxyclass.NotBuilt("request_stack", word.Any, "{}", "content inspection is not built"),

	inBody(texts("relay_zones", "zones whose clients may send anywhere, with the zones below them; * is every client",
		func(s *smtp.Settings) any { return &s.Relay.Zones })),
	inBody(texts("relay_domains", "domains that anyone may send to; .example.com is every name below example.com",
		func(s *smtp.Settings) any { return &s.Relay.Domains })),
	inBody(matcher("relay_domains_matcher", "likewise, a matcher for the domain",
		func(s *smtp.Settings) any { return &s.Relay.DomainsMatcher })),
	inBody(matcher("sender_matcher", "senders to refuse", func(s *smtp.Settings) any { return &s.Relay.SenderMatcher })),
	inBody(matcher("recipient_matcher", "recipients to refuse", func(s *smtp.Settings) any { return &s.Relay.RecipientMatcher })),
	inBody(boolean("permit_percent_hack", "FALSE", "accept % in a recipient's local part",
		func(s *smtp.Settings) any { return &s.Relay.PermitPercentHack })),
	inBody(boolean("permit_exclamation_mark", "FALSE", "accept ! in a recipient's local part",
		func(s *smtp.Settings) any { return &s.Relay.PermitExclamationMark })),
	inBody(boolean("error_soft", "FALSE", "refuse with 450 what a matcher refuses",
		func(s *smtp.Settings) any { return &s.Relay.ErrorSoft })),
	boolean("relay_check", "in force as soon as the policy says anything about relaying",
		"TRUE: mail goes only to relay_domains or comes from relay_zones; FALSE: the server decides",
		func(s *smtp.Settings) any { return &s.Relay.Check }),
}, proxyclass.NotBuiltAnywhere()...)

func number(name, otherwise, doc string, setting func(*smtp.Settings) any) *Attribute {
	return settingOf(name, word.Integer, otherwise, doc, setting)
}

func settingOf(name string, t word.Type, otherwise, doc string, setting func(*smtp.Settings) any) *Attribute {
	return &Attribute{Name: name, Type: t, Default: otherwise, Doc: doc, Setting: proxyclass.Field(setting)}
}

// limit is a limit of ours; its least value is checked when the class is compiled.
func limit(name, otherwise, doc string, of func(*smtp.Limits) any) *Attribute {
	a := number(name, otherwise, "not Zorp's: "+doc, func(s *smtp.Settings) any { return of(&s.Limits) })
	return a.Between(0, math.MaxInt32)
}

func boolean(name, otherwise, doc string, setting func(*smtp.Settings) any) *Attribute {
	return settingOf(name, word.Boolean, otherwise, doc, setting)
}

func texts(name, doc string, setting func(*smtp.Settings) any) *Attribute {
	return settingOf(name, word.TextList, "()", doc, setting)
}

func matcher(name, doc string, setting func(*smtp.Settings) any) *Attribute {
	return settingOf(name, matcherType, "None", doc, setting)
}

func seen(name, doc string, view func(*smtp.View) any, aliases ...string) *Attribute {
	return &Attribute{Name: name, Aliases: aliases, Type: word.Text, Default: `""`, Doc: doc, View: proxyclass.Field(view)}
}

// inBody lets the class body set a: it is one of SmtpProxy's, which Zorp reads there.
func inBody(a *Attribute) *Attribute {
	a.InClass = true
	return a
}

// byName finds attributes by all their spellings.
var byName = proxyclass.Index(Attributes)
