package smtp

import (
	"fmt"
	"maps"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
)

// methodCall is one call of a built-in method.
type methodCall = proxyclass.MethodCall[*host]

func method(name string, arguments int, fn func(c *methodCall) (starlark.Value, error)) *starlark.Builtin {
	return proxyclass.Method(name, arguments, fn)
}

// The methods of Zorp's classes. Those that override them may call them: SmtpProxy.checkRecipient(self, cmd, param).
var (
	checkSenderMethod    = method("checkSender", 2, checkSender)
	checkRecipientMethod = method("checkRecipient", 2, checkRecipient)

	abstractMethods = with(proxyclass.LifecycleMethods[*host](), starlark.StringDict{
		"loadSMTP":         method("loadSMTP", 0, func(c *methodCall) (starlark.Value, error) { return load(c, (*smtp.Settings).LoadSMTP) }),
		"loadESMTP":        method("loadESMTP", 0, func(c *methodCall) (starlark.Value, error) { return load(c, (*smtp.Settings).LoadESMTP) }),
		"sanitizeAddress":  method("sanitizeAddress", 1, sanitizeAddress),
		"generateReceived": method("generateReceived", 0, generateReceived),
		"name":             starlark.String("smtp"),
	})
	smtpMethods = starlark.StringDict{
		"config":         method("config", 0, configSmtpProxy),
		"checkSender":    checkSenderMethod,
		"checkRecipient": checkRecipientMethod,
		"relayCheck":     method("relayCheck", 1, relayCheck),
		"zoneCheck":      method("zoneCheck", 1, zoneCheck),
	}
)

func with(dict, more starlark.StringDict) starlark.StringDict {
	maps.Copy(dict, more)
	return dict
}

// load adds a set of default entries to the tables.
func load(c *methodCall, defaults func(*smtp.Settings)) (starlark.Value, error) {
	if !c.Host.Configuring() {
		return nil, fmt.Errorf("the tables cannot be changed during a session: load them in config()")
	}
	s := smtp.DefaultSettings()
	defaults(s)
	accept := row{Value: starlark.MakeInt(int(smtp.Accept))}
	for verb := range s.Request {
		c.Host.tables["request"].put(key{verb}, accept)
	}
	for k := range s.Response {
		c.Host.tables["response"].put(key{orAny(k.Verb), orAny(k.Code)}, accept)
	}
	for keyword := range s.Extensions {
		c.Host.tables["extensions"].put(key{keyword}, accept)
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
	if _, err := load(c, (*smtp.Settings).LoadESMTP); err != nil {
		return nil, err
	}
	for verb, name := range map[string]string{"MAIL": "checkSender", "RCPT": "checkRecipient"} {
		check, err := c.Self.Attr(name)
		if err != nil {
			return nil, err
		}
		c.Host.tables["request"].put(key{verb}, row{Value: starlark.Tuple{starlark.MakeInt(int(smtp.Policy)), check}})
	}
	c.Host.relayCheck = nil
	return starlark.None, nil
}

// sanitizeAddress is the plain address in a path.
func sanitizeAddress(c *methodCall) (starlark.Value, error) {
	if c.Host.Configuring() {
		return nil, fmt.Errorf("sanitizeAddress can be called during a session, not in config()")
	}
	text, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	address, err := smtp.ParsePath(text, c.Host.settings)
	if err != nil {
		return nil, fmt.Errorf("sanitizeAddress: %q: %w", text, err)
	}
	return starlark.String(address), nil
}

func checkSender(c *methodCall) (starlark.Value, error) {
	param, err := inSession(c, 1)
	if err != nil {
		return nil, err
	}
	r, err := c.Host.settings.CheckSenderAddress(c.Host.view(), param)
	return answer(c, r), err
}

// inSession is the string argument i of a check, which works during a session only.
func inSession(c *methodCall, i int) (string, error) {
	if c.Host.view() == nil {
		return "", fmt.Errorf("the checks can be called during a session, not in config()")
	}
	return c.Text(i)
}

func answer(c *methodCall, r smtp.Refusal) starlark.Value {
	if r == (smtp.Refusal{}) {
		return starlark.MakeInt(int(smtp.Accept))
	}
	c.Host.view().ErrorCode, c.Host.view().ErrorInfo = r.Code, r.Text
	return starlark.MakeInt(int(smtp.Reject))
}

var relayDenied = smtp.Refusal{Code: "554", Text: "Relaying denied."}

// checkRecipient asks a relayCheck or zoneCheck that the policy wrote in its place among the engine's own checks.
func checkRecipient(c *methodCall) (starlark.Value, error) {
	param, err := inSession(c, 1)
	if err != nil {
		return nil, err
	}
	settings, view := c.Host.settings, c.Host.view()
	if !proxyclass.Overridden(c.Host.Class, "relayCheck") && !proxyclass.Overridden(c.Host.Class, "zoneCheck") || !settings.Relay.Check {
		r, err := settings.CheckRecipientAddress(view, param)
		return answer(c, r), err
	}
	before, after := *settings, *settings
	before.Relay.Check, before.Relay.RecipientMatcher = false, nil
	after.Relay.Check = false
	if r, err := before.CheckRecipientAddress(view, param); r != (smtp.Refusal{}) || err != nil {
		return answer(c, r), err
	}
	if ok, err := asksRelay(c, param); !ok || err != nil {
		return answer(c, relayDenied), err
	}
	r, err := after.CheckRecipientAddress(view, param)
	return answer(c, r), err
}

func asksRelay(c *methodCall, param string) (bool, error) {
	path := strings.TrimLeft(param[len("To:"):], " ")
	if bare, _, _ := strings.Cut(path, " "); strings.EqualFold(bare, "<postmaster>") { // RFC 5321 §4.5.1
		return true, nil
	}
	address, err := smtp.ParsePath(path, c.Host.settings)
	if err != nil {
		return false, nil
	}
	v, _, err := c.Self.Call(c.Thread, "relayCheck", starlark.String(address))
	return err == nil && bool(v.Truth()), err
}

// relayCheck reports whether mail to an address may be relayed for this client.
func relayCheck(c *methodCall) (starlark.Value, error) {
	address, err := inSession(c, 0)
	if err != nil {
		return nil, err
	}
	if !proxyclass.Overridden(c.Host.Class, "zoneCheck") {
		ok, err := c.Host.settings.RelayCheck(c.Host.view(), address)
		return starlark.Bool(ok), err
	}
	v, _, err := c.Self.Call(c.Thread, "zoneCheck", word.ZoneValue(c.Host.view().Session.ClientZone))
	if err != nil || bool(v.Truth()) {
		return starlark.Bool(err == nil), err
	}
	domains := *c.Host.settings
	domains.Relay.Zones = nil
	ok, err := domains.RelayCheck(c.Host.view(), address)
	return starlark.Bool(ok), err
}

// zoneCheck reports whether a zone, or one that administers it, is in relay_zones.
func zoneCheck(c *methodCall) (starlark.Value, error) {
	zones := c.Host.settings.Relay.Zones
	z := word.ZoneOf(c.Args[0])
	for _, name := range zones {
		if name == "*" || z.Within(name) {
			return starlark.True, nil
		}
	}
	return starlark.False, nil
}
