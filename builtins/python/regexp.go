package python

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	tree "go.starlark.net/syntax"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
)

// regexps is the module re.
func regexps(d *word.Draft) starlark.StringDict {
	dict := starlark.StringDict{}
	for name, flag := range map[string]int{"I": ignoreCase, "IGNORECASE": ignoreCase, "L": locale, "LOCALE": locale, "M": multiLine,
		"MULTILINE": multiLine, "S": dotAll, "DOTALL": dotAll, "U": unicode, "UNICODE": unicode, "X": verbose, "VERBOSE": verbose} {
		dict[name] = starlark.MakeInt(flag)
	}
	builtin(dict, "compile", func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var text starlark.Value
		flags := 0
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, "pattern", &text, "flags?", &flags); err != nil {
			return nil, err
		}
		p, err := patternOf(text, flags)
		if err != nil {
			return unlessReported(d, err)
		}
		return p, nil
	})
	simple(dict, "escape", func(args starlark.Tuple) (starlark.Value, error) {
		var text string
		err := starlark.UnpackPositionalArgs("escape", args, nil, 1, &text)
		return starlark.String(regexp.QuoteMeta(text)), err
	})
	for name := range methods {
		builtin(dict, name, func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			v, err := callWithPattern(thread, name, args, kwargs)
			if err != nil {
				return unlessReported(d, err)
			}
			return v, nil
		})
	}
	return dict
}

// unlessReported is err, or nothing more to say if it was found in the policy's text already.
func unlessReported(d *word.Draft, err error) (starlark.Value, error) {
	for _, f := range d.Findings {
		if f.Message == err.Error() {
			return interp.Poison{}, nil
		}
	}
	return nil, err
}

// callWithPattern is re.search(pattern, ...) and its like: the method of the compiled pattern, with flags.
func callWithPattern(thread *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("%s: the pattern is missing", name)
	}
	flags := 0
	var others []starlark.Tuple
	for _, kv := range kwargs {
		if kv[0] == starlark.String("flags") {
			if err := starlark.AsInt(kv[1], &flags); err != nil {
				return nil, err
			}
		} else {
			others = append(others, kv)
		}
	}
	rest := args[1:]
	if takes := positional[name]; len(rest) == takes+1 && len(others) == 0 {
		if err := starlark.AsInt(rest[takes], &flags); err != nil {
			return nil, err
		}
		rest = rest[:takes]
	}
	p, err := patternOf(args[0], flags)
	if err != nil {
		return nil, err
	}
	return methods[name](&matching{thread, name, p}, rest, others)
}

// positional is how many arguments a function has before its flags, the pattern aside.
var positional = map[string]int{"match": 1, "search": 1, "findall": 1, "split": 2, "sub": 3, "subn": 3}

func patternOf(v starlark.Value, flags int) (*pattern, error) {
	switch v := v.(type) {
	case *pattern:
		return v, nil
	case starlark.String:
		return compile(string(v), flags)
	}
	return nil, fmt.Errorf("the pattern is %s, want a string", v.Type())
}

// matching is one call of a pattern's method.
type matching struct {
	thread *starlark.Thread
	name   string
	*pattern
}

var methods = map[string]func(m *matching, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error){
	"match": func(m *matching, a starlark.Tuple, k []starlark.Tuple) (starlark.Value, error) {
		return m.find(m.first, a, k)
	},
	"search": func(m *matching, a starlark.Tuple, k []starlark.Tuple) (starlark.Value, error) {
		return m.find(m.any, a, k)
	},
	"findall": (*matching).findAll,
	"split":   (*matching).split,
	"sub": func(m *matching, a starlark.Tuple, k []starlark.Tuple) (starlark.Value, error) {
		v, _, err := m.replace(a, k)
		return v, err
	},
	"subn": func(m *matching, a starlark.Tuple, k []starlark.Tuple) (starlark.Value, error) {
		v, n, err := m.replace(a, k)
		return starlark.Tuple{v, starlark.MakeInt(n)}, err
	},
}

// pay refuses what would take too long, and counts what it takes as steps of the policy.
func (m *matching) pay(text string) error {
	work := uint64(len(text)+1) * uint64(m.size)
	if work > maxWork {
		return fmt.Errorf("%s: the text is too long for this pattern", m.name)
	}
	m.thread.Steps += work / 256
	return nil
}

func (m *matching) find(with *regexp.Regexp, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackArgs(m.name, args, kwargs, "string", &text); err != nil {
		return nil, err
	}
	if err := m.pay(text); err != nil {
		return nil, err
	}
	at := with.FindStringSubmatchIndex(text)
	if at == nil {
		return starlark.None, nil
	}
	return &match{m.pattern, text, at}, nil
}

func (m *matching) findAll(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackArgs(m.name, args, kwargs, "string", &text); err != nil {
		return nil, err
	}
	if err := m.pay(text); err != nil {
		return nil, err
	}
	var found []starlark.Value
	for _, at := range m.any.FindAllStringSubmatchIndex(text, maxFound) {
		one := &match{m.pattern, text, at}
		switch groups := one.groups(starlark.String("")); len(groups) {
		case 0:
			found = append(found, one.group(0, starlark.None))
		case 1:
			found = append(found, groups[0])
		default:
			found = append(found, groups)
		}
	}
	return starlark.NewList(found), nil
}

// maxFound is how many matches one call may give.
const maxFound = 1 << 16

func (m *matching) split(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	limit := 0
	if err := starlark.UnpackArgs(m.name, args, kwargs, "string", &text, "maxsplit?", &limit); err != nil {
		return nil, err
	}
	if err := m.pay(text); err != nil {
		return nil, err
	}
	var parts []starlark.Value
	from := 0
	for _, at := range m.any.FindAllStringSubmatchIndex(text, maxFound) {
		if at[0] == at[1] || limit > 0 && len(parts) >= limit*(1+m.any.NumSubexp()) {
			continue
		}
		parts = append(parts, starlark.String(text[from:at[0]]))
		for _, g := range (&match{m.pattern, text, at}).groups(starlark.None) {
			parts = append(parts, g)
		}
		from = at[1]
	}
	return starlark.NewList(append(parts, starlark.String(text[from:]))), nil
}

const maxResult = 16 << 20

var errTooLong = errors.New("the result would be too long: a text is limited to 16 MiB")

func (m *matching) replace(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, int, error) {
	var with starlark.Value
	var text string
	limit := 0
	if err := starlark.UnpackArgs(m.name, args, kwargs, "repl", &with, "string", &text, "count?", &limit); err != nil {
		return nil, 0, err
	}
	if err := m.pay(text); err != nil {
		return nil, 0, err
	}
	if limit <= 0 {
		limit = maxFound
	}
	var b strings.Builder
	from, n := 0, 0
	for _, at := range m.any.FindAllStringSubmatchIndex(text, limit) {
		new, err := m.replacement(with, &match{m.pattern, text, at})
		if err != nil {
			return nil, 0, err
		}
		if b.Len()+at[0]-from+len(new)+len(text) > maxResult {
			return nil, 0, errTooLong
		}
		b.WriteString(text[from:at[0]])
		b.WriteString(new)
		from, n = at[1], n+1
	}
	b.WriteString(text[from:])
	return starlark.String(b.String()), n, nil
}

// replacement is a function's answer, or a text in which \1 and \g<name> are groups.
func (m *matching) replacement(with starlark.Value, found *match) (string, error) {
	template, isText := starlark.AsString(with)
	if !isText {
		v, err := starlark.Call(m.thread, with, starlark.Tuple{found}, nil)
		if err != nil {
			return "", err
		}
		text, ok := starlark.AsString(v)
		if !ok {
			return "", fmt.Errorf("%s: the function returned %s, want a string", m.name, v.Type())
		}
		return text, nil
	}
	var failed error
	text := groupReference.ReplaceAllStringFunc(template, func(ref string) string {
		name := strings.Trim(strings.TrimPrefix(ref, `\`), "g<>")
		switch ref {
		case `\\`:
			return `\`
		case `\n`:
			return "\n"
		}
		v, err := found.byName(starlark.String(name))
		if err != nil {
			failed = err
		}
		s, _ := starlark.AsString(v)
		return s
	})
	return text, failed
}

var groupReference = regexp.MustCompile(`\\\\|\\n|\\g<\w+>|\\[0-9]{1,2}`)

func groupNumber(p *regexp.Regexp, v starlark.Value) (int, error) {
	n := -1
	switch v := v.(type) {
	case starlark.Int:
		n, _ = starlark.AsInt32(v)
	case starlark.String:
		if at, err := strconv.Atoi(string(v)); err == nil {
			n = at
		} else {
			n = p.SubexpIndex(string(v))
		}
	}
	if n < 0 || n > p.NumSubexp() {
		return 0, fmt.Errorf("the pattern has no group %s", v)
	}
	return n, nil
}

// Literal is what is wrong with a pattern that a policy wrote into a call of re; "" if nothing is, or call is none.
func Literal(call *tree.CallExpr) (at tree.Expr, problem string) {
	dot, ok := call.Fn.(*tree.DotExpr)
	if !ok || len(call.Args) == 0 {
		return nil, ""
	}
	module, ok := dot.X.(*tree.Ident)
	if !ok || module.Name != "re" || positional[dot.Name.Name] == 0 && dot.Name.Name != "compile" {
		return nil, ""
	}
	lit, ok := call.Args[0].(*tree.Literal)
	if !ok || lit.Token != tree.STRING {
		return nil, ""
	}
	if _, err := compile(lit.Value.(string), spacing(call.Args[1:])); err != nil {
		return lit, err.Error()
	}
	return nil, ""
}

// spacing is re.VERBOSE if some argument of a call says so.
func spacing(args []tree.Expr) (flag int) {
	for _, arg := range args {
		tree.Walk(arg, func(n tree.Node) bool {
			if dot, ok := n.(*tree.DotExpr); ok && (dot.Name.Name == "VERBOSE" || dot.Name.Name == "X") {
				flag = verbose
			}
			return true
		})
	}
	return flag
}
