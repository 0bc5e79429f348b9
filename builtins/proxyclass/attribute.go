package proxyclass

import (
	"fmt"
	"math"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
)

// Attribute is one name that a policy may read or write on a proxy object.
type Attribute struct {
	Name    string
	Aliases []string // other spellings, Zorp's own and those of its documentation
	Type    word.Type
	Default string // as a policy would write it
	Doc     string
	// NotBuilt refuses every value but the default, and says why.
	NotBuilt string
	// ReadOnly forbids writing at any time.
	ReadOnly bool
	// InClass lets the class body set it.
	InClass bool

	Low, High int
	Setting   func(settings any) any // pointer to where config() puts it; nil: it has no value before a session
	View      func(view any) any     // pointer to its value in a session; nil: it is the setting, read-only
}

// Field makes a Setting or View of a function of the protocol's own type.
func Field[T any](of func(*T) any) func(any) any {
	return func(v any) any { return of(v.(*T)) }
}

// Between gives an attribute the numbers that it may have.
func (a *Attribute) Between(low, high int) *Attribute {
	a.Low, a.High = low, high
	return a
}

// NotBuilt is an attribute of Zorp that is not built.
func NotBuilt(name string, t word.Type, otherwise, why string) *Attribute {
	return &Attribute{Name: name, Type: t, Default: otherwise, Doc: "not built: " + why, NotBuilt: why}
}

// NotBuiltAnywhere are the attributes of Zorp's proxies of every protocol that are not built.
func NotBuiltAnywhere() []*Attribute {
	return []*Attribute{
		NotBuilt("server_socket_mark", word.Integer, "0", "leave it out"),
		NotBuilt("client_remote_tos", word.Integer, "0", "leave it out"),
		NotBuilt("client_local_tos", word.Integer, "0", "leave it out"),
		NotBuilt("server_remote_tos", word.Integer, "0", "leave it out"),
		NotBuilt("server_local_tos", word.Integer, "0", "leave it out"),
		NotBuilt("language", word.Text, `"en"`, "messages are English"),
	}
}

// Index finds attributes by all their spellings.
func Index(list []*Attribute) map[string]*Attribute {
	m := map[string]*Attribute{}
	for _, a := range list {
		m[a.Name] = a
		for _, alias := range a.Aliases {
			m[alias] = a
		}
	}
	return m
}

// Refuses says what is wrong with a value; "" if nothing is.
func (a *Attribute) Refuses(v starlark.Value) string {
	if v == starlark.None && a.Default == "None" {
		return ""
	}
	if !a.Type.Accepts(v) {
		return fmt.Sprintf("got %s, want %s", word.TypeName(v), a.Type.Want)
	}
	if n, ok := word.AsInt(v); ok && a.High > 0 && (n < a.Low || n > a.High) {
		return fmt.Sprintf("got %d, want a number from %d to %d", n, a.Low, a.High)
	}
	return ""
}

// IsDefault reports whether v is the value that an attribute has anyway.
func (a *Attribute) IsDefault(v starlark.Value) bool {
	if v == starlark.None || v.String() == a.Default {
		return true
	}
	if b, ok := v.(starlark.Bool); ok {
		return (a.Default == "TRUE") == bool(b) && (a.Default == "TRUE" || a.Default == "FALSE")
	}
	return a.Type.Want == word.Boolean.Want && a.Default == "FALSE" && v.String() == "0"
}

// Page is the documentation of an attribute of the classes of module, without examples.
func (a *Attribute) Page(module string) word.Page {
	p := word.Page{Name: a.Name, Also: a.Aliases, Kind: word.Setting, Module: module, Signature: "self." + a.Name,
		Doc: sentence(a.Doc), Title: "Value", Rows: []word.Row{{Name: a.Name, Type: a.Type.Want, Default: a.Default}}}
	switch {
	case a.NotBuilt != "":
		p.Errors = []string{"every value but the default"}
	case a.ReadOnly:
		p.Errors = []string{"setting it: it can only be read"}
	case a.Setting == nil:
		p.Errors = []string{"setting it in config()", "a value that is not " + a.Type.Want}
	default:
		p.Errors = []string{"a value that is not " + a.Type.Want}
	}
	switch {
	case a.High == math.MaxInt32:
		p.Errors = append(p.Errors, fmt.Sprint("a number below ", a.Low))
	case a.High > 0:
		p.Errors = append(p.Errors, fmt.Sprintf("a number that is not from %d to %d", a.Low, a.High))
	}
	return p
}

func sentence(doc string) string {
	if rest, ok := strings.CutPrefix(doc, "ms "); ok {
		doc = "milliseconds " + rest
	}
	return strings.ToUpper(doc[:1]) + doc[1:] + "."
}

// Load reads what pointer points to.
func Load(pointer any) starlark.Value {
	switch p := pointer.(type) {
	case *string:
		return starlark.String(*p)
	case *int:
		return starlark.MakeInt(*p)
	case *bool:
		return starlark.Bool(*p)
	case *int64:
		return starlark.MakeInt64(*p)
	case *time.Duration:
		return starlark.MakeInt64(p.Milliseconds())
	case *[]string:
		list := make(starlark.Tuple, len(*p))
		for i, s := range *p {
			list[i] = starlark.String(s)
		}
		return list
	}
	return starlark.None
}

// Store writes v, whose type was checked, to what pointer points to.
func Store(pointer any, v starlark.Value) {
	switch p := pointer.(type) {
	case *string:
		*p, _ = starlark.AsString(v)
	case *int:
		*p, _ = word.AsInt(v)
	case *bool:
		*p, _ = word.AsBool(v)
	case *int64:
		n, _ := word.AsInt(v)
		*p = int64(n)
	case *time.Duration:
		ms, _ := word.AsInt(v)
		*p = time.Duration(ms) * time.Millisecond
	case *[]string:
		*p = word.AsTexts(v)
	}
}
