package core

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
)

// container is one of config's containers of which nothing is built: config.blob, config.dirs, config.audit. It takes
// every assignment and says what becomes of it.
type container struct {
	draft *word.Draft
	name  string
}

var _ starlark.HasSetField = (*container)(nil)

// withoutEffect are the containers whose settings can be left out: they are about how Zorp worked inside.
var withoutEffect = map[string]string{
	"blob": "messages are passed on as they come, nothing is spooled",
	"dirs": "zorpgo is one file and looks nothing up",
}

// String is how it prints.
func (c *container) String() string { return "config." + c.name }

// Type is its name.
func (c *container) Type() string { return c.String() }

// Freeze does nothing.
func (*container) Freeze() {}

// Truth is true.
func (*container) Truth() starlark.Bool { return true }

// Hash says that it cannot be a key.
func (c *container) Hash() (uint32, error) { return 0, fmt.Errorf("%s is no dictionary key", c) }

// Attr cannot be known: what it gives does nothing.
func (c *container) Attr(name string) (starlark.Value, error) {
	c.draft.Error(c.draft.Here(), "not-built", fmt.Sprintf("%s.%s is Zorp's but not built yet", c, name), "leave it out")
	return interp.Poison{}, nil
}

// AttrNames lists nothing.
func (*container) AttrNames() []string { return nil }

// SetField notes what has no effect and refuses what would be missed.
func (c *container) SetField(name string, _ starlark.Value) error {
	at := c.draft.Set(name)
	if why := withoutEffect[c.name]; why != "" {
		c.draft.Note(at, "no-effect", fmt.Sprintf("%s.%s has no effect: %s", c, name, why), "leave it out")
	} else {
		c.draft.Error(at, "not-built", fmt.Sprintf("%s.%s is Zorp's but not built yet", c, name), "leave it out: sessions are logged, not recorded")
	}
	return nil
}

// SetModule is what becomes of an assignment to a name of a module: Zorp.firewall_name = "fw", Zorp.Service.default_router = ...
func SetModule(d *word.Draft, module, name string) {
	switch at := d.Set(name); {
	case module == "Zorp":
		d.Note(at, "no-effect", fmt.Sprintf("%s.%s has no effect", module, name), "leave it out; --instance names the instance, config.options has the options")
	default:
		d.Error(at, "not-built", fmt.Sprintf("%s.%s is Zorp's but cannot be set", module, name), "write what you want where it is used, such as router=... in each Service")
	}
}
