package smtp

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/source"
)

// fill turns the tables as the policy wrote them into those of the settings.
func (h *host) fill() error {
	for _, name := range []string{"request", "response", "extensions"} {
		t := h.tables[name]
		for _, k := range t.order {
			if err := h.fillRow(t, k, t.rows[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *host) fillRow(t *table, k key, r row) error {
	if interp.IsPoison(r.Value) {
		return nil
	}
	var problem, hint string
	switch t.name {
	case "request":
		h.settings.Request[k[0]], problem, hint = h.entry(r.Value, requestHook)
	case "response":
		h.settings.Response[responseKey(k)], problem, hint = h.entry(r.Value, responseHook)
	default:
		h.settings.Extensions[k[0]], problem, hint = extension(k[0], r)
	}
	if problem == "" {
		h.unlikely(t.name, k, r.Pos)
		return nil
	}
	return h.Report.ProblemAt(where(r), "bad-entry", fmt.Sprintf("self.%s[%s]: %s", t.name, k.text(t.parts), problem), hint)
}

// where is the line of a row, or of the method that SmtpProxy's own config() put there.
func where(r row) source.Pos {
	if tuple, ok := r.Value.(starlark.Tuple); ok && !r.Pos.IsValid() && len(tuple) == 2 {
		if m, ok := tuple[1].(*interp.Method); ok {
			return m.Pos()
		}
	}
	return r.Pos
}

func (k key) text(parts int) string {
	if parts == 1 {
		return fmt.Sprintf("%q", k[0])
	}
	return fmt.Sprintf("%q, %q", k[0], k[1])
}

// responseKey is the key of the settings' table, where "" is any.
func responseKey(k key) smtp.ResponseKey {
	return smtp.ResponseKey{Verb: strings.TrimPrefix(k[0], "*"), Code: strings.TrimPrefix(k[1], "*")}
}

const entryHint = `write ACCEPT, (REJECT, "554", "text"), ABORT, or (POLICY, self.method) with the prefix SMTP_REQ_ or SMTP_RSP_`

// entry reads the value of a request or response entry: an action, or a tuple that begins with one.
func (h *host) entry(v starlark.Value, kind hookKind) (e smtp.Entry, problem, hint string) {
	action, rest, ok := actionOf(v)
	if !ok {
		return e, "got " + word.TypeName(v) + ", want an action or a tuple that begins with one", entryHint
	}
	e.Action = smtp.Action(action)
	switch e.Action {
	case smtp.Accept, smtp.Abort:
		return e, "", ""
	case smtp.Reject:
		return rejection(rest)
	case smtp.Policy:
		if len(rest) != 1 {
			return e, "POLICY goes with exactly one function", entryHint
		}
		e.Hook, problem, hint = h.hookOf(rest[0], kind)
		return e, problem, hint
	}
	return e, fmt.Sprintf("%d is no action", action), entryHint
}

// actionOf splits a value into its action and what follows.
func actionOf(v starlark.Value) (action int, rest []starlark.Value, ok bool) {
	if _, boolean := v.(starlark.Bool); boolean {
		return 0, nil, false
	}
	if n, number := word.AsInt(v); number {
		return n, nil, true
	}
	list, sequence := v.(starlark.Indexable)
	if _, text := v.(starlark.String); text || !sequence || list.Len() == 0 {
		return 0, nil, false
	}
	for i := 1; i < list.Len(); i++ {
		rest = append(rest, list.Index(i))
	}
	action, _, ok = actionOf(list.Index(0))
	return action, rest, ok
}

// rejection reads (REJECT, code, text), of which code and text may be missing and the code may be a number.
func rejection(rest []starlark.Value) (e smtp.Entry, problem, hint string) {
	e.Action = smtp.Reject
	if len(rest) > 2 {
		return e, fmt.Sprintf("REJECT goes with a code and a text, not with %d values", len(rest)), entryHint
	}
	for i, v := range rest {
		text, ok := starlark.AsString(v)
		if n, number := v.(starlark.Int); number && i == 0 {
			text, ok = n.String(), true
		}
		if !ok {
			return e, "REJECT goes with strings, got " + word.TypeName(v), entryHint
		}
		if i == 0 {
			e.Code = text
		} else {
			e.Text = text
		}
	}
	if e.Code != "" && (len(e.Code) != 3 || strings.Trim(e.Code, "0123456789") != "" || e.Code[0] != '4' && e.Code[0] != '5') {
		return e, fmt.Sprintf("a refusal cannot have the code %q", e.Code), "write a 4xx or 5xx reply code"
	}
	return e, "", ""
}

// extension reads the value of an extensions entry.
func extension(keyword string, r row) (a smtp.Action, problem, hint string) {
	action, _, ok := actionOf(r.Value)
	a = smtp.Action(action)
	if !ok || a != smtp.Accept && a != smtp.Drop {
		return smtp.Drop, fmt.Sprintf("got %s, want SMTP_EXT_ACCEPT or SMTP_EXT_DROP", r.Value), ""
	}
	if a == smtp.Drop || keyword == "*" || !r.Pos.IsValid() {
		return a, "", ""
	}
	why, known := smtp.ExtensionNotBuilt(keyword)
	switch {
	case known && why != "":
		return smtp.Drop, "this extension cannot be offered: " + why, "leave the entry out"
	case !known:
		hint = word.DidYouMean(keyword, smtp.ExtensionsBuilt(), "those that can be offered are ")
		return smtp.Drop, "this extension cannot be offered: " + why, hint
	}
	return a, "", ""
}

// checkBits refuses extensions that permit_extensions names and that cannot be offered.
func (h *host) checkBits() error {
	for bit, keyword := range map[int]string{smtp.ExtAuth: "AUTH", smtp.ExtStartTLS: "STARTTLS"} {
		why, _ := smtp.ExtensionNotBuilt(keyword)
		if h.settings.PermitExtensions&bit == 0 || why == "" {
			continue
		}
		message := fmt.Sprintf("self.permit_extensions: %s cannot be offered: %s", keyword, why)
		if err := h.Report.ProblemAt(h.Values["permit_extensions"].Pos, "bad-entry", message, "leave SMTP_EXT_"+keyword+" out"); err != nil {
			return err
		}
	}
	return nil
}

// hookOf makes the hook of a POLICY entry.
func (h *host) hookOf(v starlark.Value, kind hookKind) (hook smtp.Hook, problem, hint string) {
	fn, ok := v.(starlark.Callable)
	if !ok {
		return nil, "got " + word.TypeName(v) + ", want a function", entryHint
	}
	method, bound := fn.(*interp.Method)
	if bound && kind == requestHook {
		if native := h.native(method); native != nil {
			return native, "", ""
		}
	}
	if problem := kind.miscounts(fn); problem != "" {
		return nil, problem, kind.hint(bound)
	}
	h.endsWithout(fn)
	made := &callback{kind: kind, fn: fn}
	if bound && method.Self.Host() == interp.Attrs(h) {
		made.fn, made.self = method.Func, true
	} else if bound || !interp.Immutable(fn) {
		h.unshareable = true
	}
	return made, "", ""
}

// endsWithout warns of a callback that may end without an answer.
func (h *host) endsWithout(fn starlark.Callable) {
	if m, ok := fn.(*interp.Method); ok {
		fn = m.Func
	}
	f, ok := fn.(*starlark.Function)
	if !ok || h.Report.Draft == nil {
		return
	}
	if at, falls := h.Report.Draft.Places.FallsThrough(f); falls {
		h.Report.Draft.Find(source.Finding{Pos: at, Severity: source.Warning, ID: "hook-without-answer",
			Message: f.Name()[strings.LastIndex(f.Name(), ".")+1:] + " can end without an answer, and then the client is refused with 451",
			Hint:    "end every way through it with return SMTP_REQ_ACCEPT, SMTP_REQ_REJECT or the like"})
	}
}

// native is the engine's own check in place of a built-in method: the same decisions without the interpreter.
func (h *host) native(m *interp.Method) smtp.Hook {
	switch {
	case m.Self.Host() != interp.Attrs(h):
		return nil
	case m.Is(checkSenderMethod) && !proxyclass.Overridden(h.Class, "sanitizeAddress"):
		return smtp.CheckSender
	case m.Is(checkRecipientMethod) && !proxyclass.Overridden(h.Class, "relayCheck") && !proxyclass.Overridden(h.Class, "zoneCheck") && !proxyclass.Overridden(h.Class, "sanitizeAddress"):
		return smtp.CheckRecipient
	}
	return nil
}
