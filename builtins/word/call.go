package word

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/engine/source"
)

// Call is one use of a Word: its arguments, checked, and where they stand.
type Call struct {
	Draft  *Draft
	Word   *Word
	Thread *starlark.Thread
	Pos    source.Pos // of the call
	Bad    bool       // an argument was refused

	name    string // as the policy wrote it: w.Name or an alias
	values  map[string]starlark.Value
	refused map[string]bool // parameters whose value is of no use
	places  map[string]place
	call    *callPlaces
}

// place says where a parameter's value stands, and where its name does if it was given by name.
type place struct{ name, value source.Pos }

// Inner is a call of w whose arguments are the entries of dictionary i in the list given for param.
func (c *Call) Inner(w *Word, param string, i int, entries []starlark.Tuple) *Call {
	inner := &Call{Draft: c.Draft, Word: w, Thread: c.Thread, Pos: c.Element(param, i), name: c.name,
		values: map[string]starlark.Value{}, refused: map[string]bool{}, places: map[string]place{}}
	inner.call = c.call.dictionary(param, c.paramIndex(param), i)
	inner.bind(nil, entries)
	return inner
}

// Name is the word's name as the policy wrote it.
func (c *Call) Name() string { return c.name }

// bind gives the arguments to their parameters.
func (c *Call) bind(args starlark.Tuple, kwargs []starlark.Tuple) {
	for i, v := range args {
		pos := c.call.positional(i, c.Pos)
		switch {
		case c.Word.KeywordOnly:
			c.problem(pos, "wrong-call", fmt.Sprintf("%s: arguments have names here", c.name), "write "+c.Word.Example)
			return
		case i >= len(c.Word.Params):
			c.problem(pos, "wrong-call", fmt.Sprintf("%s: got %d arguments, want at most %d", c.name, len(args), len(c.Word.Params)),
				"it is "+c.Word.brief())
			return
		}
		c.set(&c.Word.Params[i], c.Word.Params[i].Name, v, place{pos, pos})
	}
	for _, kv := range kwargs {
		c.keyword(string(kv[0].(starlark.String)), kv[1])
	}
	for i := range c.Word.Params {
		if p := &c.Word.Params[i]; p.Default == "" && c.values[p.Name] == nil && !c.Bad {
			c.problem(c.Pos, "missing-parameter", fmt.Sprintf("%s: parameter %s is missing", c.name, p.Name), "it is "+c.Word.brief())
		}
	}
}

func (c *Call) keyword(name string, v starlark.Value) {
	at := c.call.keyword(name, c.Pos)
	p := c.Word.param(name)
	switch {
	case c.Word.PositionalOnly && p != nil:
		c.problem(at.name, "wrong-call", fmt.Sprintf("%s: arguments have no names here", c.name), "write "+c.Word.Example)
	case p == nil:
		c.problem(at.name, "unknown-parameter", fmt.Sprintf("%s: unknown parameter %s", c.name, name),
			DidYouMean(name, c.Word.names(), "its parameters are "))
	default:
		c.set(p, name, v, at)
	}
}

// set takes v for p, given as name, if it is of p's type. A parameter with an alias may be given under both names: lists
// are merged.
func (c *Call) set(p *Param, name string, v starlark.Value, at place) {
	if v = c.derived(v); interp.IsPoison(v) {
		c.Bad, c.refused[p.Name] = true, true
		return
	}
	if v == starlark.None && p.Default != "" {
		return
	}
	if !p.Type.Accepts(v) {
		c.refused[p.Name] = true
		c.problem(at.value, "wrong-type", fmt.Sprintf("%s: for parameter %s: got %s, want %s", c.name, name, describe(v, p.Type), p.Type.Want), "")
		return
	}
	if first := c.values[p.Name]; first != nil {
		if p.Alias == "" {
			c.problem(at.name, "wrong-call", fmt.Sprintf("%s: parameter %s is given twice", c.name, p.Name), "remove one of them")
			return
		}
		v = merge(first, v)
		c.WarnAt(at.name, "condition-twice", fmt.Sprintf("%s and %s are one condition, and it is given twice", p.Name, p.Alias), "write all of it as "+p.Name)
	}
	if p.NotBuilt != "" {
		c.problem(at.name, "not-built", fmt.Sprintf("%s: %s is Zorp's but not built yet", c.name, p.Name), p.NotBuilt)
		return
	}
	c.values[p.Name], c.places[p.Name] = v, at
}

func merge(a, b starlark.Value) starlark.Value {
	var all starlark.Tuple
	for _, list := range []starlark.Value{a, b} {
		for element := range Elements(list) {
			all = append(all, element)
		}
	}
	return all
}

// describe is the type of v, which t refuses; of a list also that of the first element that t refuses.
func describe(v starlark.Value, t Type) string {
	name := TypeName(v)
	sequence, ok := v.(starlark.Indexable)
	if _, text := v.(starlark.String); text || !ok || sequence.Len() == 0 {
		return name
	}
	wrong := sequence.Index(0)
	for element := range Elements(v) {
		if !t.Accepts(element) {
			wrong = element
			break
		}
	}
	return name + " with " + TypeName(wrong)
}

// Given is the value of a parameter, or nil if the policy leaves it to its default.
func (c *Call) Given(name string) starlark.Value { return c.values[name] }

// Refused reports whether the policy gave a parameter a value that is of no use; a finding has said so.
func (c *Call) Refused(name string) bool { return c.refused[name] }

// At is where the value of a parameter stands, or the call if it was not given.
func (c *Call) At(name string) source.Pos {
	if at, ok := c.places[name]; ok {
		return at.value
	}
	return c.Pos
}

// Element is where element i of the list given for a parameter stands, if that is known, or the list.
func (c *Call) Element(name string, i int) source.Pos {
	return c.call.element(name, c.paramIndex(name), i, c.At(name))
}

func (c *Call) paramIndex(name string) int {
	for i := range c.Word.Params {
		if c.Word.Params[i].Name == name {
			return i
		}
	}
	return -1
}

// Text is a string parameter, or "".
func (c *Call) Text(name string) string {
	s, _ := starlark.AsString(c.values[name])
	return s
}

// Int is an integer parameter within low and high, or otherwise if it was not given; a number outside is a finding.
func (c *Call) Int(name string, low, high, otherwise int) int {
	v := c.values[name]
	if v == nil {
		return otherwise
	}
	n, ok := AsInt(v)
	if !ok || n < low || n > high {
		c.Problem(name, "out-of-range", fmt.Sprintf("%s is %s, want a number %s", name, v, interval(low, high)), "")
		return otherwise
	}
	return n
}

func interval(low, high int) string {
	if high == math.MaxInt || high == math.MaxInt32 {
		return fmt.Sprintf("from %d", low)
	}
	return fmt.Sprintf("from %d to %d", low, high)
}

// Bool is a boolean parameter, or false.
func (c *Call) Bool(name string) bool {
	b, _ := AsBool(c.values[name])
	return b
}

// Texts is a parameter of one string or a list of them.
func (c *Call) Texts(name string) []string {
	if c.values[name] == nil {
		return nil
	}
	return AsTexts(c.values[name])
}

// Beside is a file that a policy names: a relative name is that of a file beside the policy.
func Beside(policy, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(policy), name)
}

// File is a parameter that is the name of a file; "" if it is not given.
func (c *Call) File(name string) string { return Beside(interp.CallerPos(c.Thread).File, c.Text(name)) }

// Problem records an error at the value of a parameter.
func (c *Call) Problem(param, id, message, hint string) {
	c.problem(c.At(param), id, c.name+": "+message, hint)
}

// ProblemAt is Problem at a place that the caller knows better.
func (c *Call) ProblemAt(pos source.Pos, id, message, hint string) {
	c.problem(pos, id, c.name+": "+message, hint)
}

// Warn records a warning at the value of a parameter.
func (c *Call) Warn(param, id, message, hint string) {
	c.WarnAt(c.At(param), id, message, hint)
}

// WarnAt is Warn at a place that the caller knows better.
func (c *Call) WarnAt(pos source.Pos, id, message, hint string) {
	c.Draft.Find(source.Finding{Pos: pos, Severity: source.Warning, ID: id, Message: c.name + ": " + message, Hint: hint})
}

func (c *Call) problem(pos source.Pos, id, message, hint string) {
	c.Bad = true
	if hint == "" && !strings.Contains(message, ", want ") && !strings.Contains(message, ", write ") && !strings.Contains(c.Word.Example, "\n") {
		hint = "for example: " + c.Word.Example
	}
	c.Draft.Find(source.Finding{Pos: pos, Severity: source.Error, ID: id, Message: message, Hint: hint})
}
