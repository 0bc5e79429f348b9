package smtp

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
)

// made is a class whose config() was evaluated once, while the policy was loaded: all its sessions share the outcome.
type made struct {
	*smtp.Class
	name   string
	host   *host
	object *interp.Object
	waits  bool // the policy asks the resolver: a callback may take time
}

// Prompt implements proxy.Prompt.
func (m *made) Prompt() bool { return !m.waits && m.Class.Prompt() }

// New makes the machine of a session; its hooks find the session's object, made when one of them first runs.
func (m *made) New(s *session.Session) (proxy.Protocol, error) {
	return m.NewWith(s, m.Self()), nil
}

// Self is what the hooks of one session want in View.Self.
func (m *made) Self() any { return &instance{made: m} }

// perSession is a class whose config() looks at the session, or keeps something changeable on self.
type perSession struct {
	words *Words
	class *interp.Class
}

var (
	_ proxy.Class = (*made)(nil)
	_ proxy.Class = (*perSession)(nil)
)

// Name is the class's name in the policy.
func (p *perSession) Name() string { return p.class.Name() }

// Busy is what a client hears when the service has all the sessions it may have.
func (p *perSession) Busy() []byte { return new(smtp.Class).Busy() }

// New evaluates config() for a session and makes its machine.
func (p *perSession) New(s *session.Session) (proxy.Protocol, error) {
	r := &report{}
	h := newHost(p.class, r)
	h.session = s
	in := &instance{host: h, thread: sessionThread(p.class.Name(), s)}
	class, object, err := p.configure(h, in.thread)
	if err != nil {
		return nil, err
	}
	in.object = object
	return class.NewWith(s, in), nil
}

func (p *perSession) configure(h *host, thread *starlark.Thread) (*smtp.Class, *interp.Object, error) {
	object, err := evaluate(h, thread)
	if err == nil {
		err = h.finish(p.words)
	}
	if err != nil {
		return nil, nil, describe(err)
	}
	class, problems := smtp.Compile(p.class.Name(), h.settings)
	return class, object, errors.Join(problems...)
}

// evaluate makes the object of h and runs what Zorp runs before a session.
func evaluate(h *host, thread *starlark.Thread) (*interp.Object, error) {
	bare, err := h.class.Make()
	if err != nil {
		return nil, err
	}
	object := bare.Clone(h)
	if err := h.classAttributes(); err != nil {
		return nil, err
	}
	if overridden(h.class, "__init__") {
		if _, _, err := object.Call(thread, "__init__", word.SessionValue(h.session)); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"__pre_config__", "config", "__post_config__"} {
		if _, _, err := object.Call(thread, name); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// finish makes the settings of what config() said; from then on they do not change.
func (h *host) finish(w *Words) error {
	if err := h.fill(); err != nil {
		return err
	}
	if err := h.checkBits(); err != nil {
		return err
	}
	if err := h.resolveRelay(w.draft); err != nil {
		return err
	}
	if err := h.setTrace(w); err != nil {
		return err
	}
	h.unneeded(w.draft)
	h.setHooks()
	h.report = nil
	for _, t := range h.tables {
		t.report = nil
		if h.session != nil {
			continue // one session's own: its methods may go on changing what is on self
		}
		for _, r := range t.rows {
			r.value.Freeze()
		}
	}
	return nil
}

// classAttributes takes what the class body sets and Zorp reads there.
func (h *host) classAttributes() error {
	for _, name := range h.class.AttrNames() {
		v, owner := h.class.Lookup(name)
		if owner == nil || owner.GoMade() || isFunction(v) {
			continue
		}
		h.report.fixed = owner.Pos()
		if err := h.classAttribute(name, v); err != nil {
			return err
		}
		h.report.fixed = source.Pos{}
	}
	return nil
}

func (h *host) classAttribute(name string, v starlark.Value) error {
	a := byName[name]
	switch {
	case a != nil && a.inClass:
		return h.configure(a, name, v)
	case a != nil || h.tables[name] != nil:
		return h.report.problem("no-effect", fmt.Sprintf("class %s: %s has no effect in the class body", h.class.Name(), name), "set it in config(): self."+name+" = ...")
	}
	if nearest := source.Nearest(name, attributeNames()); nearest != "" && !h.class.Reads(name) {
		return h.report.problem("unknown-attribute", fmt.Sprintf("class %s: %s is no attribute of the proxy", h.class.Name(), name), "did you mean "+nearest+"?")
	}
	return nil
}

func isFunction(v starlark.Value) bool {
	_, ok := v.(starlark.Callable)
	return ok
}

// Methods that Zorp would call and this engine does not.
const hooksNotBuilt = "__destroy__ requestStack setServerAddress stackProxy stackCustom userAuthenticated readPEM closedByAbort invalidPolicyCall"

// refuseHooks reports methods of the policy that would never be called.
func refuseHooks(d *word.Draft, class *interp.Class) {
	for name := range strings.FieldsSeq(hooksNotBuilt) {
		v, owner := class.Lookup(name)
		if v == nil || owner.GoMade() {
			continue
		}
		d.Error(writtenAt(v, owner), "not-built", fmt.Sprintf("class %s: %s is Zorp's but not called yet", owner.Name(), name), "leave it out")
	}
}

// writtenAt is where a method was written, or else the class that has it.
func writtenAt(v starlark.Value, owner *interp.Class) source.Pos {
	if f, ok := v.(*starlark.Function); ok {
		return interp.PosOf(f.Position())
	}
	return owner.Pos()
}
