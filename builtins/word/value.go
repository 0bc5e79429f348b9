package word

import (
	"fmt"

	"go.starlark.net/starlark"
)

// Value is a Go value in a policy's hands: the policy passes it on and cannot look inside.
type Value[T any] struct {
	Kind string // what messages call it: "router"
	Text string // how it prints
	Is   T
}

// NewValue wraps v, which the call c made.
func NewValue[T any](c *Call, kind string, v T) *Value[T] {
	return &Value[T]{Kind: kind, Text: fmt.Sprintf("%s(...)", c.Word.Name), Is: v}
}

// String is how the value prints.
func (v *Value[T]) String() string { return v.Text }

// Type is the value's kind.
func (v *Value[T]) Type() string { return v.Kind }

// Freeze does nothing: the value does not change.
func (v *Value[T]) Freeze() {}

// Truth is true.
func (v *Value[T]) Truth() starlark.Bool { return true }

// Hash says that the value cannot be a key.
func (v *Value[T]) Hash() (uint32, error) { return 0, fmt.Errorf("a %s is no dictionary key", v.Kind) }

// TypeOf accepts values that wrap a T.
func TypeOf[T any](want string) Type {
	return Type{want, func(v starlark.Value) bool {
		_, ok := v.(*Value[T])
		return ok
	}}
}

// Get is the wrapped value of a parameter, or the zero value if the policy did not give it.
func Get[T any](c *Call, name string) (is T, given bool) {
	if v, ok := c.Given(name).(*Value[T]); ok {
		return v.Is, true
	}
	return is, false
}
