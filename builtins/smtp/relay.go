package smtp

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/match"
)

var matcherType = word.Type{Want: "a matcher, a MatcherPolicy or its name", Accepts: func(v starlark.Value) bool {
	_, name := v.(starlark.String)
	return name || word.IsMatcher(v)
}}

// noteRelay keeps what an attribute says about relaying.
func (h *host) noteRelay(a *Attribute, v starlark.Value) {
	switch a.Name {
	case "relay_zones", "relay_domains":
		h.relaySaid = true
	case "relay_domains_matcher":
		h.relaySaid = h.relaySaid || v != starlark.None
	case "relay_check":
		on, _ := word.AsBool(v)
		h.relayCheck = &on
	}
}

// inForce reports whether the relay check is in force: as soon as the policy says anything about relaying. A plain
// SmtpProxy leaves relaying to the server; Zorp's refuses every recipient.
func (h *host) inForce() bool {
	if h.relayCheck != nil {
		return *h.relayCheck
	}
	return h.relaySaid || proxyclass.Overridden(h.Class, "relayCheck") || proxyclass.Overridden(h.Class, "zoneCheck")
}

// ofSmtpProxy reports whether AbstractSmtpProxy has no such attribute: what its checks look at.
func ofSmtpProxy(a *Attribute) bool { return a.InClass || a.Name == "relay_check" }

// derives reports whether c derives from the class made in Go that is called name.
func derives(c *interp.Class, name string) bool {
	return slices.ContainsFunc(c.MRO(), func(k *interp.Class) bool { return k.GoMade() && k.Name() == name })
}

// resolveRelay fills Settings.Relay with what needs the whole policy: matchers by name, and zones.
func (h *host) resolveRelay(d *word.Draft) error {
	relay := &h.settings.Relay
	relay.Check = h.inForce()
	for name, to := range map[string]*match.Matcher{
		"relay_domains_matcher": &relay.DomainsMatcher, "sender_matcher": &relay.SenderMatcher, "recipient_matcher": &relay.RecipientMatcher,
	} {
		if err := h.resolveMatcher(d, name, to); err != nil {
			return err
		}
	}
	return h.checkLists(d)
}

func (h *host) resolveMatcher(d *word.Draft, attribute string, to *match.Matcher) error {
	r := h.Values[attribute]
	if name, ok := r.Value.(starlark.String); ok {
		m := d.Matchers[string(name)]
		if m == nil {
			return h.Report.ProblemAt(r.Pos, "unknown-matcher", fmt.Sprintf("%s: matcher %q is not defined", attribute, string(name)),
				word.DidYouMean(string(name), d.MatcherNames(), "defined matchers: "))
		}
		*to = m.Is
		return nil
	}
	m, err := d.MatcherOf(r.Value)
	if err != nil {
		return h.Report.Problems(err)
	}
	if m != nil {
		*to = m.Is
		if h.Session == nil { // else it is one session's own
			d.Constant(r.Value)
		}
	}
	return nil
}

// checkZones: "*" is any client for relay_zones only.
func (h *host) checkZones(d *word.Draft, attribute string, zones []string) error {
	for _, name := range zones {
		if name == "*" && attribute == "relay_zones" || d.HasZone(name) {
			continue
		}
		if err := h.Report.ProblemAt(h.Values[attribute].Pos, "unknown-zone", fmt.Sprintf("%s: zone %q is not defined", attribute, name),
			word.DidYouMean(name, d.ZoneNames(), "defined zones: ")); err != nil {
			return err
		}
	}
	return nil
}

func (h *host) checkLists(d *word.Draft) error {
	domains := h.Values["relay_domains"]
	for _, list := range []struct {
		attribute string
		zones     []string
	}{{"relay_zones", h.settings.Relay.Zones}, {"xclient_from", h.settings.XClientFrom}, {"xforward_from", h.settings.XForwardFrom}} {
		if err := h.checkZones(d, list.attribute, list.zones); err != nil {
			return err
		}
	}
	for _, name := range h.settings.Relay.Domains {
		if name == "" || name == "*" {
			if err := h.Report.ProblemAt(domains.Pos, "bad-domain", fmt.Sprintf("relay_domains: %q is no domain", name),
				`write "example.com", or ".example.com" for every name below it; relay_zones=("*",) lets every client relay`); err != nil {
				return err
			}
		}
	}
	return nil
}
