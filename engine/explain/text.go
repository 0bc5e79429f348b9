package explain

import (
	"fmt"
	"io"
	"strings"
)

// Write prints a for an administrator.
func (a *Answer) Write(w io.Writer) {
	client := a.Client.addrPort().String()
	if a.PortAssumed {
		client = a.Client.Address.String()
	}
	fmt.Fprintf(w, "%s -> %s: %s\n", client, a.Server.addrPort(), a.headline())
	line := func(label, text string) { fmt.Fprintf(w, "    %-9s %s\n", label, text) }
	line("client", a.Client.Address.String()+place(a.Client.Zone, a.Client.Parents))
	line("server", a.Server.Address.String()+place(a.Server.Zone, a.Server.Parents))
	if a.Interface != nil {
		line("interface", a.Interface.text())
	}
	line("listener", a.listenerText())
	if a.Winner != nil {
		line("rule", fmt.Sprintf("%s at %s: %s", strings.TrimPrefix(a.Winner.called(), "rule "), a.Winner.Pos, conditions(a.Winner.Held)))
	}
	if a.Service != nil {
		line("service", a.Service.text())
	}
	if a.Target != nil {
		for _, text := range a.Target.lines() {
			line("target", text)
		}
	}
	for _, text := range a.Assumed {
		line("assumed", text)
	}
	a.writeOthers(w)
	a.writeMisses(w)
	a.writeRefused(w)
}

func (a *Answer) headline() string {
	switch {
	case a.Winner == nil && a.Rules == 0:
		return "no service, the policy has no rule"
	case a.Winner == nil && a.Rules == 1:
		return "no service, the only rule does not match"
	case a.Winner == nil:
		return fmt.Sprintf("no service, none of %d rules matches", a.Rules)
	case a.Service == nil:
		return fmt.Sprintf("no service, %q is not defined", a.Winner.Service)
	case a.Service.Deny:
		return "denied by service " + a.Service.Name
	case a.Listener.Address == "":
		return "service " + a.Service.Name + ", but nothing takes the connection"
	case a.Target != nil && len(a.Target.Tried) == 0 && a.Target.Router != inband:
		return "service " + a.Service.Name + ", which would not connect to a server"
	}
	return "service " + a.Service.Name
}

func (a *Answer) listenerText() string {
	reset := ""
	if a.Outcome != Served {
		reset = ", which resets the connection once it is accepted"
	}
	if a.Listener.Address == "" {
		return "none: " + a.Listener.Why
	}
	if a.Listener.Why != "" {
		return fmt.Sprintf("%s, %s%s", a.Listener.Address, a.Listener.Why, reset)
	}
	return a.Listener.Address + reset
}

func (a *Answer) writeOthers(w io.Writer) {
	if len(a.Others) == 0 {
		return
	}
	fmt.Fprint(w, "\nmatch as well, the most specific first:\n")
	for _, o := range a.Others {
		why := fmt.Sprintf("same score, %s has the lower id", a.Winner.called())
		if o.LosesBy != idDecides {
			why = fmt.Sprintf("loses by %s: it has %s, %s has %s", o.LosesBy,
				conditions(in(o.LosesBy, o.Held)), a.Winner.called(), conditions(in(o.LosesBy, a.Winner.Held)))
		}
		fmt.Fprintf(w, "    %s\n        %s\n", o.Named.text(), why)
	}
}

func (a *Answer) writeMisses(w io.Writer) {
	if len(a.Misses) > 0 {
		fmt.Fprint(w, "\ndo not match, the nearest first:\n")
	}
	for _, m := range a.Misses {
		fmt.Fprintf(w, "    %s\n", m.Named.text())
		for _, f := range m.Fails {
			fmt.Fprintf(w, "        wants %s, but this is %s\n", f.text(), f.Has)
		}
	}
	if a.Omitted > 0 {
		fmt.Fprintf(w, "\n%s, --all lists %s\n", counted(a.Omitted, len(a.Misses) > 0), them(a.Omitted))
	}
}

func counted(n int, more bool) string {
	text := fmt.Sprint(n)
	if more {
		text += " more"
	}
	if n == 1 {
		return text + " rule does not match"
	}
	return text + " rules do not match"
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func (a *Answer) writeRefused(w io.Writer) {
	if len(a.Refused) == 0 {
		return
	}
	fmt.Fprint(w, "\nrun refuses this policy as it is:\n")
	for _, f := range a.Refused {
		fmt.Fprintf(w, "    %s: %s [%s]\n", f.Pos, f.Message, f.ID)
		if f.Hint != "" {
			fmt.Fprintf(w, "        %s\n", f.Hint)
		}
	}
}

func (n Named) text() string {
	return fmt.Sprintf("%s at %s, service %s", n.called(), n.Pos, n.Service)
}

// in are those of list in one dimension.
func in(dimension string, list []Held) (some []Held) {
	for _, h := range list {
		if h.Dimension == dimension {
			some = append(some, h)
		}
	}
	return some
}

func conditions(list []Held) string {
	var texts []string
	for _, h := range list {
		texts = append(texts, h.Keyword+" "+h.Entry)
	}
	if len(texts) == 0 {
		return "no condition"
	}
	return strings.Join(texts, ", ")
}

func (f Fail) text() string {
	var texts []string
	for _, want := range f.Wants {
		texts = append(texts, want.Keyword+" "+alternatives(want.Entries))
	}
	return strings.Join(texts, " or ")
}

// shownEntries is how many entries of a condition are printed.
const shownEntries = 6

func alternatives(entries []string) string {
	if more := len(entries) - shownEntries; more > 0 {
		return fmt.Sprintf("%s or %d more", strings.Join(entries[:shownEntries], " or "), more)
	}
	return strings.Join(entries, " or ")
}

// place is where an address is, to stand behind it.
func place(zone string, parents []string) string {
	if zone == "" {
		return " in no zone"
	}
	text := " in zone " + zone
	for _, above := range parents {
		text += ", below " + above
	}
	return text
}
