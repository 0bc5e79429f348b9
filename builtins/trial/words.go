package trial

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/proxy"
)

// tester makes what a test is called with.
func tester(s *stage) *value {
	return &value{kind: "test", methods: map[string]method{
		"connect": s.connectWord, "equal": equal, "check": check, "fail": fail,
		"dns": s.dns, "no_mailbox": s.noMailbox, "wait": s.wait,
	}}
}

func equal(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var got, want starlark.Value
	what := ""
	if err := starlark.UnpackArgs(name, args, kwargs, "got", &got, "want", &want, "what?", &what); err != nil {
		return nil, err
	}
	same, err := starlark.Equal(got, want)
	if err == nil && !same {
		err = differ(what, got, want)
	}
	return starlark.None, err
}

func check(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var condition starlark.Value
	what := "the condition does not hold"
	if err := starlark.UnpackArgs(name, args, kwargs, "condition", &condition, "what?", &what); err != nil {
		return nil, err
	}
	if !condition.Truth() {
		return nil, errors.New(what)
	}
	return starlark.None, nil
}

func fail(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	what := ""
	if err := starlark.UnpackArgs(name, args, kwargs, "what", &what); err != nil {
		return nil, err
	}
	return nil, errors.New(what)
}

// dns is t.dns(name, address...).
func (s *stage) dns(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 0 || len(kwargs) > 0 {
		return nil, fmt.Errorf("%s: write %s(name, address, ...); without an address the name is not found", name, name)
	}
	list := []netip.Addr{}
	for _, a := range args[1:] {
		text, _ := starlark.AsString(a)
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %s is no address", name, a)
		}
		list = append(list, addr)
	}
	host, _ := starlark.AsString(args[0])
	s.names[nameKey(host)] = list
	return starlark.None, nil
}

// noMailbox is t.no_mailbox(address).
func (s *stage) noMailbox(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	address := ""
	if err := starlark.UnpackArgs(name, args, kwargs, "address", &address); err != nil {
		return nil, err
	}
	s.unknown[strings.ToLower(address)] = true
	return starlark.None, nil
}

// connectWord is t.connect.
func (s *stage) connectWord(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var client, server string
	var script starlark.Value = starlark.NewDict(0)
	var down starlark.Value = starlark.Tuple{}
	q := question{ifgroup: -1}
	if err := starlark.UnpackArgs(name, args, kwargs, "client", &client, "server?", &server, "origin?", &script,
		"down?", &down, "iface?", &q.iface, "ifgroup?", &q.ifgroup); err != nil {
		return nil, err
	}
	var err error
	if q.client, err = endpoint(client, 40000); err != nil {
		return nil, fmt.Errorf("%s: client: %w", name, err)
	}
	if q.server, err = s.serverOf(server); err != nil {
		return nil, fmt.Errorf("%s: server: %w", name, err)
	}
	if q.replies, err = scriptOf(script); err != nil {
		return nil, fmt.Errorf("%s: origin: %w", name, err)
	}
	if q.down = word.AsTexts(down); script == starlark.None {
		q.down = []string{"*"}
	}
	return s.connect(q).value(), nil
}

// endpoint reads "IP" or "IP:PORT".
func endpoint(text string, port uint16) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(a.Unmap(), port), nil
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return at, fmt.Errorf("%q is no IP address, nor one with a port", text)
	}
	return at, nil
}

// serverOf is where a client connects to: the only listener, if the test does not say.
func (s *stage) serverOf(text string) (netip.AddrPort, error) {
	if text != "" {
		return endpoint(text, 25)
	}
	listens, _ := dispatch.Listens(s.config.Rules.All())
	if len(listens) != 1 {
		return netip.AddrPort{}, fmt.Errorf("the policy has %d listeners: write server=\"IP:PORT\"", len(listens))
	}
	return listens[0], nil
}

// scriptOf reads what the origin answers.
func scriptOf(v starlark.Value) (map[string][]string, error) {
	if v == starlark.None {
		return nil, nil
	}
	dict, ok := v.(*starlark.Dict)
	if !ok {
		return nil, fmt.Errorf("got %s, want a dictionary of replies by verb, or None", v.Type())
	}
	replies := map[string][]string{}
	for _, item := range dict.Items() {
		verb, ok := starlark.AsString(item[0])
		texts := word.AsTexts(item[1])
		if !ok || len(texts) == 0 {
			return nil, fmt.Errorf("%s: write a verb and its reply, or a list of replies", item[0])
		}
		replies[strings.ToUpper(verb)] = texts
	}
	return replies, nil
}

// value is a connection as a test sees it.
func (c *connection) value() *value {
	s := c.session
	return &value{kind: "connection",
		attrs: map[string]func() starlark.Value{
			"service":  func() starlark.Value { return textOrNone(s.Service) },
			"rule":     c.ruleID,
			"rule_pos": func() starlark.Value { return c.rulePos() },
			"zone":     func() starlark.Value { return textOrNone(zoneName(c)) },
			"denied":   func() starlark.Value { return textOrNone(c.denied) },
			"target":   c.target,
			"source":   c.sourceAddress,
			"greeting": func() starlark.Value { return starlark.String(c.greeting) },
			"closed":   func() starlark.Value { return starlark.Bool(c.talk == nil || c.talk.HungUp(proxy.Client)) },
			"verdict":  func() starlark.Value { return starlark.String(s.Verdict.String()) },
			"reason":   func() starlark.Value { return starlark.String(s.Reason) },
			"origin":   func() starlark.Value { return c.originValue() },
		},
		methods: map[string]method{"say": c.sayWord, "send": c.sendWord, "deliver": c.deliverWord, "wait": c.waitWord,
			"close": noArguments(func() (starlark.Value, error) { c.end(); return starlark.None, nil })},
	}
}

func zoneName(c *connection) string {
	if c.session.ClientZone == nil {
		return ""
	}
	return c.session.ClientZone.Name
}

func (c *connection) ruleID() starlark.Value {
	if c.rule == nil || c.rule.Listener != nil {
		return starlark.None
	}
	return starlark.MakeInt(c.rule.ID)
}

func (c *connection) rulePos() starlark.Value {
	if c.rule == nil {
		return starlark.None
	}
	return starlark.String(c.rule.Pos.String())
}

// target is the server that was connected to.
func (c *connection) target() starlark.Value {
	if c.source == nil {
		return starlark.None
	}
	return starlark.String(c.session.Server.String())
}

// sourceAddress is what the server sees as the client; None: the host's own address.
func (c *connection) sourceAddress() starlark.Value {
	if c.source == nil || !c.source.Addr.Addr().IsValid() {
		return starlark.None
	}
	return starlark.String(c.source.Addr.Addr().String())
}

// sayWord is c.say(line, want).
func (c *connection) sayWord(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var line, want string
	if err := starlark.UnpackArgs(name, args, kwargs, "line", &line, "want?", &want); err != nil {
		return nil, err
	}
	return c.answered(line+"\r\n", want)
}

// sendWord is c.send(text, want): bytes as they are.
func (c *connection) sendWord(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text, want string
	if err := starlark.UnpackArgs(name, args, kwargs, "text", &text, "want?", &want); err != nil {
		return nil, err
	}
	return c.answered(text, want)
}

func (c *connection) answered(text, want string) (starlark.Value, error) {
	reply, err := c.say(text)
	if err == nil && !strings.HasPrefix(reply, want) {
		err = differ("the reply to "+printable(strings.TrimRight(text, "\r\n")), starlark.String(reply), starlark.String(want))
	}
	return starlark.String(reply), err
}

// deliverWord is c.deliver: a whole transaction, as far as it gets; the last reply.
func (c *connection) deliverWord(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	sender, helo, text, want := "alice@client.example", "client.example", "Subject: a test\n\nHello.\n", ""
	var recipients starlark.Value = starlark.String("bob@origin.example")
	if err := starlark.UnpackArgs(name, args, kwargs, "sender?", &sender, "recipients?", &recipients, "text?", &text, "helo?", &helo, "want?", &want); err != nil {
		return nil, err
	}
	steps := []string{"EHLO " + helo, "MAIL FROM:<" + sender + ">"}
	for _, r := range word.AsTexts(recipients) {
		steps = append(steps, "RCPT TO:<"+r+">")
	}
	reply, err := "", error(nil)
	for _, line := range append(steps, "DATA", mailData(text)) {
		if reply, err = c.say(line + "\r\n"); err != nil || !strings.ContainsAny(reply[:min(1, len(reply))], "23") {
			break
		}
	}
	if err == nil && !strings.HasPrefix(reply, want) {
		err = differ("the delivery", starlark.String(reply), starlark.String(want))
	}
	return starlark.String(reply), err
}

// mailData is text as DATA carries it (RFC 5321 §4.5.2), without the last line end.
func mailData(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); strings.HasPrefix(line, ".") {
			b.WriteByte('.')
		}
		b.WriteString(line + "\r\n")
	}
	return b.String() + "."
}

// waitWord is c.wait(seconds): what the client is sent while neither side says anything.
func (c *connection) waitWord(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	seconds := 0
	if err := starlark.UnpackArgs(name, args, kwargs, "seconds", &seconds); err != nil {
		return nil, err
	}
	if c.talk == nil {
		return nil, errors.New("there is no session: " + c.denied)
	}
	c.talk.Later(time.Duration(seconds) * time.Second)
	return starlark.String(c.hear()), nil
}
