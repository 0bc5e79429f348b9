package word

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/engine/match"
	"zorpgo/engine/source"
)

const checkMatch = "checkMatch"

// AbstractMatcher is the class that matchers of the policy's own derive from.
var AbstractMatcher = interp.NewClass("AbstractMatcher", nil, nil)

// MatcherValue accepts matchers, what MatcherPolicy returns, and objects of the policy's own matcher classes; not names.
var MatcherValue = Type{"a matcher, such as RegexpMatcher(...)", IsMatcher}

// IsMatcher reports whether v is a matcher, or an object of a class that derives from AbstractMatcher.
func IsMatcher(v starlark.Value) bool {
	_, made := v.(*matcherValue)
	o, object := v.(*interp.Object)
	return made || object && o.Class().Is(AbstractMatcher)
}

// NewMatcher is m, which the call c made, in the policy's hands.
func NewMatcher(c *Call, m *Matcher) starlark.Value {
	return &matcherValue{NewValue(c, "matcher", m)}
}

// matcherValue is a matcher with the method that a policy may call.
type matcherValue struct{ *Value[*Matcher] }

// Attr is checkMatch.
func (m *matcherValue) Attr(name string) (starlark.Value, error) {
	if name != checkMatch {
		return nil, nil
	}
	return starlark.NewBuiltin(checkMatch, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var text string
		if err := starlark.UnpackArgs(checkMatch, args, kwargs, "text", &text); err != nil {
			return nil, err
		}
		if Shared(thread) {
			return nil, ErrVaries
		}
		over := interp.Waiting(thread)
		hit, err := m.Is.Is.Match(until(thread), text)
		over()
		return starlark.Bool(hit), err
	}), nil
}

// Hash lets it be a key: of SNIBasedCertificate.
func (m *matcherValue) Hash() (uint32, error) { return starlark.String(m.Text).Hash() }

// AttrNames lists the attributes.
func (m *matcherValue) AttrNames() []string { return []string{checkMatch} }

// MatcherOf is the matcher that v is; nil if it is none. The error, source.Findings, is about a class of the policy's own.
func (d *Draft) MatcherOf(v starlark.Value) (*Matcher, error) {
	switch v := v.(type) {
	case *matcherValue:
		return v.Is, nil
	case *interp.Object:
		if m, ok := v.Host().(*made); ok && m.value != nil && m.family.unchanged(v.Class()) {
			return d.MatcherOf(m.value)
		}
		if v.Class().Is(AbstractMatcher) {
			return d.writtenMatcher(v)
		}
	}
	return nil, nil
}

// Constant makes v, which the engine will use in many sessions at once, constant when the policy was read.
func (d *Draft) Constant(v starlark.Value) {
	if d.live {
		return // it is one session's own
	}
	d.Later(func() {
		for _, f := range interp.FreezeValue(v) {
			d.Find(f)
		}
	})
}

// writtenMatcher is a matcher that the policy wrote.
type writtenMatcher struct {
	draft  *Draft
	class  string
	method *interp.Method
}

func (d *Draft) writtenMatcher(o *interp.Object) (*Matcher, error) {
	class := o.Class()
	v, err := o.Attr(checkMatch)
	method, ok := v.(*interp.Method)
	wrong := source.Finding{Pos: class.Pos(), Severity: source.Error, ID: "bad-hook", Hint: "write def " + checkMatch + "(self, text):"}
	switch {
	case err != nil || v == nil:
		wrong.Message = fmt.Sprintf("class %s has no method %s", class.Name(), checkMatch)
		return nil, source.Findings{wrong}
	case !ok:
		wrong.Message = fmt.Sprintf("class %s: %s is %s, want a method", class.Name(), checkMatch, TypeName(v))
		return nil, source.Findings{wrong}
	}
	if problem := interp.Miscount(method, 1); problem != "" {
		wrong.Pos, wrong.Message = method.Pos(), fmt.Sprintf("class %s: %s", class.Name(), problem)
		return nil, source.Findings{wrong}
	}
	return &Matcher{Pos: class.Pos(), Is: &writtenMatcher{d, class.Name(), method}}, nil
}

// The bounds of a matcher that the policy wrote: how long it may take, with those that it asks, and how many of these may
// be waiting for each other.
const (
	matchTime  = 10 * time.Second
	matchDepth = 8
)

type depthKey struct{}

// Match calls checkMatch on a thread of its own. Whatever goes wrong is match.ErrFunction.
func (w *writtenMatcher) Match(ctx context.Context, text string) (bool, error) {
	depth, _ := ctx.Value(depthKey{}).(int)
	if depth == matchDepth {
		return false, w.failed(errors.New("too many matchers ask each other"))
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, depthKey{}, depth+1), matchTime)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return false, w.failed(err)
	}
	thread := SessionThread(w.class, w.draft.Log)
	Until(thread, ctx)
	end, _ := ctx.Deadline()
	answer, err := interp.CallWithin(thread, time.Until(end), w.method, starlark.String(text))
	if err != nil {
		return false, w.failed(err)
	}
	hit, ok := AsBool(answer)
	if !ok {
		return false, w.failed(fmt.Errorf("%s returned %s, want TRUE or FALSE", checkMatch, TypeName(answer)))
	}
	return hit, nil
}

// failed is an error with the policy line that it came from.
func (w *writtenMatcher) failed(err error) error {
	if found := interp.FindingsOf(err); len(found) > 0 && found[0].Pos.IsValid() {
		return fmt.Errorf("%w: class %s: %s: %s", match.ErrFunction, w.class, found[0].Pos, found[0].Message)
	}
	return fmt.Errorf("%w: class %s: %w", match.ErrFunction, w.class, err)
}
