package proxyclass

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
)

// Protocol is how one protocol makes proxy classes of classes of the policy.
type Protocol interface {
	// Host makes the host of an object of class; what is wrong goes to r.
	Host(class *interp.Class, r *Report) Hosted
	// Check reports methods of a class that cannot be called.
	Check(class *interp.Class)
	// Finish makes the settings of what config() said; from then on they do not change.
	Finish(h Hosted) error
	// Compile makes the class of a host's settings.
	Compile(h Hosted) (Compiled, []error)
	// Share is the class whose sessions share what config() said.
	Share(c Compiled, s *Shared) proxy.Class
	// PerSession prepares for a class whose config() runs in each session; what does not depend on that is like's.
	PerSession(class *interp.Class) (like proxy.Class)
}

// Compiled is a class whose protocols are given the object of their session.
type Compiled interface {
	proxy.Class
	NewWith(s *session.Session, self any) proxy.Protocol
}

// Maker makes the proxy classes of a protocol for one policy, each once.
type Maker struct {
	draft    *word.Draft
	protocol Protocol
	kind     *Kind
	done     map[*interp.Class]proxy.Class
}

// NewMaker makes the Maker of the policy whose declarations go into d.
func NewMaker(d *word.Draft, p Protocol, k *Kind) *Maker {
	return &Maker{draft: d, protocol: p, kind: k, done: map[*interp.Class]proxy.Class{}}
}

// Compile makes a proxy class of a class of the policy, which a service uses at pos. It is configured once however many
// services use it. What is wrong becomes findings; then the class is nil.
func (m *Maker) Compile(class *interp.Class, pos source.Pos) proxy.Class {
	if c, known := m.done[class]; known {
		return c
	}
	errorsBefore := m.errors()
	c := m.compile(class, pos)
	if m.errors() > errorsBefore {
		c = nil
	}
	m.done[class] = c
	return c
}

func (m *Maker) errors() (n int) {
	for _, f := range m.draft.Findings {
		if f.Severity == source.Error {
			n++
		}
	}
	return n
}

func (m *Maker) compile(class *interp.Class, pos source.Pos) proxy.Class {
	class.Freeze()
	RefuseHooks(m.draft, class)
	m.protocol.Check(class)
	before := m.errors()
	h := m.protocol.Host(class, &Report{Draft: m.draft})
	m.draft.Thread = interp.NewThread("config", interp.LoadLimits, m.draft.Print)
	word.Share(m.draft.Thread)
	object, err := evaluate(h, m.draft.Thread)
	m.draft.Thread = nil
	if errors.Is(err, word.ErrNoSession) || errors.Is(err, word.ErrVaries) {
		return m.perSession(class)
	}
	if err != nil {
		m.failed(err, pos)
	}
	if err := m.finish(h); err != nil || m.errors() > before {
		return nil
	}
	compiled, problems := m.protocol.Compile(h)
	for _, problem := range problems {
		attribute, _, _ := strings.Cut(problem.Error(), ":")
		documented, _, _ := strings.Cut(attribute, "[")
		hint := ""
		if slices.Contains(h.Base().Kind.names(), documented) {
			hint = "zorpgo doc " + documented + " says what it may be"
		}
		m.draft.Error(h.Base().Where(attribute, pos), "bad-class", "class "+class.Name()+": "+problem.Error(), hint)
	}
	if s, ok := h.(interface{ Unshareable() bool }); !object.Shareable() || ok && s.Unshareable() {
		return m.perSession(class)
	}
	object.Freeze()
	return m.protocol.Share(compiled, &Shared{class.Name(), h, object})
}

func (m *Maker) finish(h Hosted) error {
	err := m.protocol.Finish(h)
	if err == nil {
		err = h.Base().encrypt(m.draft)
	}
	if err == nil {
		h.Base().Report = nil
	}
	return err
}

// failed records an error of config().
func (m *Maker) failed(err error, pos source.Pos) {
	for _, f := range interp.FindingsOf(err) {
		if !f.Pos.IsValid() {
			f.Pos = pos
		}
		m.draft.Find(f)
	}
}

// Misspelt warns of attributes that a method sets, nothing reads, and that look like one of a proxy's in use. To be called
// when all classes are compiled: what config() itself set was an error then.
func Misspelt(d *word.Draft, makers ...*Maker) {
	var names []string
	for _, m := range makers {
		if len(m.done) > 0 {
			names = append(names, m.kind.names()...)
		}
	}
	for _, set := range d.SetOnSelf() {
		nearest := source.Nearest(set.Name, names)
		read := slices.ContainsFunc(makers, func(m *Maker) bool { return m.read(set.Name) })
		if slices.Contains(names, set.Name) || nearest == "" || read || d.ReadOnSelf(set.Name) || d.FoundAt(set.Pos) {
			continue
		}
		d.Find(source.Finding{Pos: set.Pos, Severity: source.Warning, ID: "unread-attribute",
			Message: fmt.Sprintf("self.%s is no attribute of the proxy, and no method reads it", set.Name), Hint: "did you mean " + nearest + "?"})
	}
}

// read reports whether a method of a class in use reads an attribute.
func (m *Maker) read(name string) bool {
	for class := range m.done {
		if class.Reads(name) {
			return true
		}
	}
	return false
}

// perSession is a class whose config() looks at the session, or keeps something changeable on self.
type perSession struct {
	maker *Maker
	class *interp.Class
	like  proxy.Class
}

func (m *Maker) perSession(class *interp.Class) proxy.Class {
	return &perSession{m, class, m.protocol.PerSession(class)}
}

// Name is the class's name in the policy.
func (p *perSession) Name() string { return p.class.Name() }

// Busy is what a client hears when the service has all the sessions it may have.
func (p *perSession) Busy() []byte { return p.like.Busy() }

// Crowded implements proxy.Crowded.
func (p *perSession) Crowded() []byte {
	if c, ok := p.like.(proxy.Crowded); ok {
		return c.Crowded()
	}
	return p.like.Busy()
}

// StartsTLS implements proxy.StartsTLS.
func (p *perSession) StartsTLS() bool {
	s, ok := p.like.(proxy.StartsTLS)
	return ok && s.StartsTLS()
}

// Opaque implements proxy.Opaque.
func (p *perSession) Opaque() bool {
	o, ok := p.like.(proxy.Opaque)
	return ok && o.Opaque()
}

// New evaluates config() for a session and makes its protocol.
func (p *perSession) New(s *session.Session) (proxy.Protocol, error) {
	h := p.maker.protocol.Host(p.class, &Report{})
	h.Base().Session = s
	in := &Instance{host: h, thread: sessionThread(p.class.Name(), s)}
	class, err := p.configure(h, in)
	if err != nil {
		return nil, err
	}
	return class.NewWith(s, in), nil
}

func (p *perSession) configure(h Hosted, in *Instance) (Compiled, error) {
	object, err := evaluate(h, in.thread)
	if err == nil {
		err = p.maker.finish(h)
	}
	if err != nil {
		return nil, Describe(err)
	}
	in.object = object
	class, problems := p.maker.protocol.Compile(h)
	return class, errors.Join(problems...)
}

// evaluate makes the object of h and runs what Zorp runs before a session.
func evaluate(h Hosted, thread *starlark.Thread) (*interp.Object, error) {
	b := h.Base()
	bare, err := b.Class.Make()
	if err != nil {
		return nil, err
	}
	object := bare.Clone(h)
	if err := b.classAttributes(); err != nil {
		return nil, err
	}
	if Overridden(b.Class, "__init__") {
		if _, _, err := object.Call(thread, "__init__", word.SessionValue(b.Session)); err != nil {
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
