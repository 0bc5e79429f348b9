package smtp

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
)

// method makes a built-in method with a fixed number of arguments.
func method(name string, arguments int, fn func(c *methodCall) (starlark.Value, error)) *starlark.Builtin {
	return interp.NewMethod(name, func(thread *starlark.Thread, self *interp.Object, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		h, ok := self.Host().(*host)
		if !ok {
			return nil, fmt.Errorf("%s: %s is no proxy", name, self)
		}
		if len(args) != arguments || len(kwargs) > 0 {
			return nil, fmt.Errorf("%s takes %d arguments, got %d", name, arguments, len(args)+len(kwargs))
		}
		return fn(&methodCall{thread, self, h, args})
	})
}

// methodCall is one call of a built-in method.
type methodCall struct {
	thread *starlark.Thread
	self   *interp.Object
	host   *host
	args   starlark.Tuple
}

// text is an argument that must be a string.
func (c *methodCall) text(i int) (string, error) {
	s, ok := starlark.AsString(c.args[i])
	if !ok {
		return "", fmt.Errorf("argument %d is %s, want a string", i+1, c.args[i].Type())
	}
	return s, nil
}

// The methods of Zorp's classes. Those that override them may call them: SmtpProxy.checkRecipient(self, cmd, param).
var (
	checkSenderMethod    = method("checkSender", 2, checkSender)
	checkRecipientMethod = method("checkRecipient", 2, checkRecipient)

	abstractMethods = starlark.StringDict{
		"__init__":        initialize,
		"__pre_config__":  method("__pre_config__", 0, nothing),
		"__post_config__": method("__post_config__", 0, nothing),
		"config":          method("config", 0, nothing),
		"loadSMTP":        method("loadSMTP", 0, func(c *methodCall) (starlark.Value, error) { return c.load((*smtp.Settings).LoadSMTP) }),
		"loadESMTP":       method("loadESMTP", 0, func(c *methodCall) (starlark.Value, error) { return c.load((*smtp.Settings).LoadESMTP) }),
		"sanitizeAddress": method("sanitizeAddress", 1, sanitizeAddress),
		"name":            starlark.String("smtp"),

		"generateReceived":  method("generateReceived", 0, generateReceived),
		"connectServer":     method("connectServer", 0, connectServer),
		"__pre_startup__":   method("__pre_startup__", 0, nothing),
		"startup":           method("startup", 0, nothing),
		"startUp":           method("startUp", 0, nothing),
		"__post_startup__":  method("__post_startup__", 0, nothing),
		"__pre_shutdown__":  method("__pre_shutdown__", 0, nothing),
		"shutdown":          method("shutdown", 0, nothing),
		"shutDown":          method("shutDown", 0, nothing),
		"__post_shutdown__": method("__post_shutdown__", 0, nothing),
	}
	smtpMethods = starlark.StringDict{
		"config":         method("config", 0, configSmtpProxy),
		"checkSender":    checkSenderMethod,
		"checkRecipient": checkRecipientMethod,
		"relayCheck":     method("relayCheck", 1, relayCheck),
		"zoneCheck":      method("zoneCheck", 1, zoneCheck),
	}
)

// initialize is __init__, which Zorp gives the session. It does nothing.
var initialize = interp.NewMethod("__init__", func(*starlark.Thread, *interp.Object, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return starlark.None, nil
})

func nothing(*methodCall) (starlark.Value, error) { return starlark.None, nil }

// load adds a set of default entries to the tables.
func (c *methodCall) load(defaults func(*smtp.Settings)) (starlark.Value, error) {
	if !c.host.configuring() {
		return nil, fmt.Errorf("the tables cannot be changed during a session: load them in config()")
	}
	s := smtp.DefaultSettings()
	defaults(s)
	accept := row{value: starlark.MakeInt(int(smtp.Accept))}
	for verb := range s.Request {
		c.host.tables["request"].put(key{verb}, accept)
	}
	for k := range s.Response {
		c.host.tables["response"].put(key{orAny(k.Verb), orAny(k.Code)}, accept)
	}
	for keyword := range s.Extensions {
		c.host.tables["extensions"].put(key{keyword}, accept)
	}
	return starlark.None, nil
}

func orAny(part string) string {
	if part == "" {
		return "*"
	}
	return part
}

// configSmtpProxy is SmtpProxy.config: RFC 5321 with the extensions accepted by default, and the checks of addresses.
// What a policy said of relay_check before it does not count, as in Zorp.
func configSmtpProxy(c *methodCall) (starlark.Value, error) {
	if _, err := c.load((*smtp.Settings).LoadESMTP); err != nil {
		return nil, err
	}
	for verb, name := range map[string]string{"MAIL": "checkSender", "RCPT": "checkRecipient"} {
		check, err := c.self.Attr(name)
		if err != nil {
			return nil, err
		}
		c.host.tables["request"].put(key{verb}, row{value: starlark.Tuple{starlark.MakeInt(int(smtp.Policy)), check}})
	}
	c.host.relayCheck = nil
	return starlark.None, nil
}

// sanitizeAddress is the plain address in a path.
func sanitizeAddress(c *methodCall) (starlark.Value, error) {
	if c.host.configuring() {
		return nil, fmt.Errorf("sanitizeAddress can be called during a session, not in config()")
	}
	text, err := c.text(0)
	if err != nil {
		return nil, err
	}
	address, err := smtp.ParsePath(text, c.host.settings)
	if err != nil {
		return nil, fmt.Errorf("sanitizeAddress: %q: %w", text, err)
	}
	return starlark.String(address), nil
}

func checkSender(c *methodCall) (starlark.Value, error) {
	param, err := c.inSession(1)
	if err != nil {
		return nil, err
	}
	return c.answer(c.host.settings.CheckSenderAddress(c.host.view, param)), nil
}

// inSession is the string argument i of a check, which works during a session only.
func (c *methodCall) inSession(i int) (string, error) {
	if c.host.view == nil {
		return "", fmt.Errorf("the checks can be called during a session, not in config()")
	}
	return c.text(i)
}

func (c *methodCall) answer(r smtp.Refusal) starlark.Value {
	if r == (smtp.Refusal{}) {
		return starlark.MakeInt(int(smtp.Accept))
	}
	c.host.view.ErrorCode, c.host.view.ErrorInfo = r.Code, r.Text
	return starlark.MakeInt(int(smtp.Reject))
}

var relayDenied = smtp.Refusal{Code: "554", Text: "Relaying denied."}

// checkRecipient asks a relayCheck or zoneCheck that the policy wrote in its place among the engine's own checks.
func checkRecipient(c *methodCall) (starlark.Value, error) {
	param, err := c.inSession(1)
	if err != nil {
		return nil, err
	}
	settings, view := c.host.settings, c.host.view
	if !overridden(c.host.class, "relayCheck") && !overridden(c.host.class, "zoneCheck") || !settings.Relay.Check {
		return c.answer(settings.CheckRecipientAddress(view, param)), nil
	}
	before, after := *settings, *settings
	before.Relay.Check, before.Relay.RecipientMatcher = false, nil
	after.Relay.Check = false
	if r := before.CheckRecipientAddress(view, param); r != (smtp.Refusal{}) {
		return c.answer(r), nil
	}
	if ok, err := c.asksRelay(param); !ok || err != nil {
		return c.answer(relayDenied), err
	}
	return c.answer(after.CheckRecipientAddress(view, param)), nil
}

func (c *methodCall) asksRelay(param string) (bool, error) {
	path := strings.TrimLeft(param[len("To:"):], " ")
	if bare, _, _ := strings.Cut(path, " "); strings.EqualFold(bare, "<postmaster>") { // RFC 5321 §4.5.1
		return true, nil
	}
	address, err := smtp.ParsePath(path, c.host.settings)
	if err != nil {
		return false, nil
	}
	v, _, err := c.self.Call(c.thread, "relayCheck", starlark.String(address))
	return err == nil && bool(v.Truth()), err
}

// relayCheck reports whether mail to an address may be relayed for this client.
func relayCheck(c *methodCall) (starlark.Value, error) {
	address, err := c.inSession(0)
	if err != nil {
		return nil, err
	}
	if !overridden(c.host.class, "zoneCheck") {
		return starlark.Bool(c.host.settings.RelayCheck(c.host.view, address)), nil
	}
	v, _, err := c.self.Call(c.thread, "zoneCheck", word.ZoneValue(c.host.view.Session.ClientZone))
	if err != nil || bool(v.Truth()) {
		return starlark.Bool(err == nil), err
	}
	domains := *c.host.settings
	domains.Relay.Zones = nil
	return starlark.Bool(domains.RelayCheck(c.host.view, address)), nil
}

// zoneCheck reports whether a zone, or one that administers it, is in relay_zones.
func zoneCheck(c *methodCall) (starlark.Value, error) {
	zones := c.host.settings.Relay.Zones
	z := word.ZoneOf(c.args[0])
	for _, name := range zones {
		if name == "*" || z.Within(name) {
			return starlark.True, nil
		}
	}
	return starlark.False, nil
}
