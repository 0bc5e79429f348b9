package interp

import (
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Poison stands for a value that could not be had because of an error that was reported already. Whatever is done with
// it gives Poison or nothing, so the load goes on and finds what else is wrong. A builtin that meets one among its
// arguments returns Poison and says nothing.
type Poison struct{}

// poisonType marks messages that only follow from an error reported before.
const poisonType = "unknown value"

var _ interface {
	starlark.Callable
	starlark.HasSetField
	starlark.HasSetKey
	starlark.HasBinary
	starlark.HasUnary
	starlark.Iterable
} = Poison{}

// IsPoison reports whether v is Poison or a tuple or list that holds one.
func IsPoison(v starlark.Value) bool {
	switch v := v.(type) {
	case Poison:
		return true
	case starlark.Tuple:
		for _, e := range v {
			if IsPoison(e) {
				return true
			}
		}
	case *starlark.List:
		for i := range v.Len() {
			if _, ok := v.Index(i).(Poison); ok {
				return true
			}
		}
	}
	return false
}

func (Poison) Name() string                                     { return poisonType }
func (Poison) String() string                                   { return poisonType }
func (Poison) Type() string                                     { return poisonType }
func (Poison) Freeze()                                          {}
func (Poison) Truth() starlark.Bool                             { return false }
func (Poison) Hash() (uint32, error)                            { return 0, nil }
func (Poison) Attr(string) (starlark.Value, error)              { return Poison{}, nil }
func (Poison) AttrNames() []string                              { return nil }
func (Poison) SetField(string, starlark.Value) error            { return nil }
func (Poison) SetKey(k, v starlark.Value) error                 { return nil }
func (Poison) Get(starlark.Value) (starlark.Value, bool, error) { return Poison{}, true, nil }
func (Poison) Iterate() starlark.Iterator                       { return starlark.Tuple{}.Iterate() }
func (Poison) Unary(syntax.Token) (starlark.Value, error)       { return Poison{}, nil }
func (Poison) Binary(syntax.Token, starlark.Value, starlark.Side) (starlark.Value, error) {
	return Poison{}, nil
}
func (Poison) CallInternal(*starlark.Thread, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return Poison{}, nil
}
