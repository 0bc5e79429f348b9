package core

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
)

// configObject is the policy's config: a namespace of containers, of which options is built.
type configObject struct{ draft *word.Draft }

// options is config.options.
type options struct{ draft *word.Draft }

var (
	_ starlark.HasAttrs    = (*configObject)(nil)
	_ starlark.HasSetField = (*options)(nil)
)

// String is how it prints.
func (*configObject) String() string { return "config" }

// Type is "config".
func (*configObject) Type() string { return "config" }

// Freeze does nothing.
func (*configObject) Freeze() {}

// Truth is true.
func (*configObject) Truth() starlark.Bool { return true }

// Hash says that it cannot be a key.
func (*configObject) Hash() (uint32, error) { return 0, fmt.Errorf("config is no dictionary key") }

// Attr is one of its containers.
func (c *configObject) Attr(name string) (starlark.Value, error) {
	switch name {
	case "options":
		return &options{c.draft}, nil
	case "audit", "blob", "dirs":
		return &container{c.draft, name}, nil
	}
	return nil, nil
}

// AttrNames lists the containers.
func (*configObject) AttrNames() []string { return []string{"options"} }

// option is how one of config.options is read and set.
type option struct {
	get func(d *word.Draft) starlark.Value
	set func(d *word.Draft, v starlark.Value) bool // false: wrong type
	is  string
	doc string
}

var optionTable = map[string]option{
	"timeout_server_connect": {
		get: func(d *word.Draft) starlark.Value { return starlark.MakeInt(d.Config.TimeoutServerConnect) },
		set: func(d *word.Draft, v starlark.Value) bool {
			n, ok := word.AsInt(v)
			if _, boolean := v.(starlark.Bool); !ok || boolean || n <= 0 || n > math.MaxInt32 {
				return false
			}
			d.Config.TimeoutServerConnect = n
			return true
		},
		is:  "a number of ms above 0",
		doc: "ms that a connection to a server may take",
	},
	"language": {
		get: func(d *word.Draft) starlark.Value { return starlark.String(d.Config.Language) },
		set: func(d *word.Draft, v starlark.Value) bool {
			text, ok := starlark.AsString(v)
			if ok && text == "en" {
				d.Config.Language = text
			}
			return ok && text == "en"
		},
		is:  `"en", the one language that is built`,
		doc: "of the texts that clients see",
	},
	"zone_dispatcher_shift_threshold": {
		get: func(d *word.Draft) starlark.Value { return starlark.MakeInt(1000) },
		set: func(d *word.Draft, v starlark.Value) bool {
			d.Note(d.Set("zone_dispatcher_shift_threshold"), "no-effect",
				"config.options.zone_dispatcher_shift_threshold has no effect: zones are looked up without a cache", "leave it out")
			_, ok := word.AsInt(v)
			return ok
		},
		is:  "an integer",
		doc: "how many zones a ZoneDispatcher remembers; no effect",
	},
	"kzorp_enabled": {
		get: func(d *word.Draft) starlark.Value { return starlark.True },
		set: func(d *word.Draft, v starlark.Value) bool {
			d.Note(d.Set("kzorp_enabled"), "no-effect", "config.options.kzorp_enabled has no effect: there is no kernel module", "leave it out")
			_, ok := word.AsBool(v)
			return ok
		},
		is:  "TRUE or FALSE",
		doc: "Zorp's kernel module; no effect, there is none",
	},
}

// Options of Zorp that are not built.
var optionsNotBuilt = []string{"product_name", "package_suffix"}

// String is how it prints.
func (*options) String() string { return "config.options" }

// Type is "config.options".
func (*options) Type() string { return "config.options" }

// Freeze does nothing.
func (*options) Freeze() {}

// Truth is true.
func (*options) Truth() starlark.Bool { return true }

// Hash says that it cannot be a key.
func (*options) Hash() (uint32, error) { return 0, fmt.Errorf("config.options is no dictionary key") }

// AttrNames lists the options.
func (*options) AttrNames() []string { return slices.Sorted(maps.Keys(optionTable)) }

// Attr is the value of an option.
func (o *options) Attr(name string) (starlark.Value, error) {
	if opt, ok := optionTable[name]; ok {
		return opt.get(o.draft), nil
	}
	return nil, nil
}

// SetField sets an option; what is wrong becomes a finding, and the policy goes on.
func (o *options) SetField(name string, v starlark.Value) error {
	opt, ok := optionTable[name]
	switch {
	case slices.Contains(optionsNotBuilt, name):
		o.draft.Error(o.draft.Set(name), "not-built", fmt.Sprintf("config.options.%s is Zorp's but not built yet", name), "leave it out")
	case !ok:
		o.draft.Error(o.draft.Set(name), "unknown-option", fmt.Sprintf("config.options has no %s", name), word.DidYouMean(name, o.AttrNames(), "its options are "))
	case !opt.set(o.draft, v):
		o.draft.Error(o.draft.Set(name), "wrong-type", fmt.Sprintf("config.options.%s: got %s, want %s", name, v, opt.is), "")
	}
	return nil
}

// configPage is the documentation of the options.
func configPage(d *word.Draft) word.Page {
	p := word.Page{Name: "config", Kind: word.Object, Module: "Zorp.Core", Signature: "config.options.NAME = value", Doc: "The global options of a policy.",
		Title: "Options", Errors: []string{"an option that does not exist", "a value of another type"},
		Examples: []word.Example{{Title: "Example", Text: "config.options.timeout_server_connect = 10000\n"}}}
	for _, name := range (&options{}).AttrNames() {
		o := optionTable[name]
		p.Rows = append(p.Rows, word.Row{Name: name, Type: o.is, Default: printed(o.get(d)), Doc: o.doc})
		p.Also = append(p.Also, "config.options."+name, "options."+name, name)
	}
	return p
}

func printed(v starlark.Value) string {
	switch v {
	case starlark.True:
		return "TRUE"
	case starlark.False:
		return "FALSE"
	}
	return v.String()
}
