package word

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/engine/encryption"
	"zorpgo/engine/match"
	"zorpgo/engine/nat"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// Draft is what a policy has declared so far, and all that is wrong with it.
type Draft struct {
	Findings source.Findings
	Places   Places
	Log      *slog.Logger
	// Compile makes a proxy class of a class of the policy, at pos; what is wrong with it becomes findings.
	Compile  func(class *interp.Class, pos source.Pos) proxy.Class
	Resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
	ReadFile func(name string) ([]byte, error)

	ResolveAt  func(server netip.AddrPort) match.Resolve // asks one DNS server
	DialMail   match.DialFrom                            // connects to mail servers that are asked for recipients
	Open       match.Open                                // opens lists
	LookupAddr func(ctx context.Context, addr string) ([]string, error)
	Hostname   func() (string, error)
	Now        func() time.Time // nil: time.Now
	Interfaces func() []Interface

	Zones       []*zone.Zone // see AddZone
	Services    map[string]*service.Service
	Rules       []*rule.Rule
	Matchers    map[string]*Matcher
	NATPolicies []*nat.Policy        // in the order of their declarations
	Encryptions []*encryption.Policy // likewise
	Resolvers   map[string]route.Resolver
	Config      Config

	Print interp.Print
	// Partial says that some declarations could not be read: a name that seems undefined may be one of theirs.
	Partial bool
	// Thread is the one that runs the policy while it is loaded; nil before and after.
	Thread *starlark.Thread

	live   bool // the words are called in a session
	later  []func()
	zoneAt map[string]int // the first zone of that name in Zones
}

// Config are the global options that a policy may set (Zorp's config.options).
type Config struct {
	TimeoutServerConnect int // ms
	Language             string
}

// Matcher is a match.Matcher that a policy made; a MatcherPolicy gives it a name.
type Matcher struct {
	Name string
	Pos  source.Pos
	Is   match.Matcher
}

// NewDraft is a policy that declares nothing.
func NewDraft(log *slog.Logger) *Draft {
	return &Draft{
		Log:        log,
		Services:   map[string]*service.Service{},
		Matchers:   map[string]*Matcher{},
		Resolvers:  map[string]route.Resolver{},
		zoneAt:     map[string]int{},
		Config:     Config{TimeoutServerConnect: 30000, Language: "en"},
		Interfaces: HostInterfaces,
	}
}

// Find records a finding, once.
func (d *Draft) Find(f source.Finding) {
	if !slices.Contains(d.Findings, f) {
		d.Findings = append(d.Findings, f)
	}
}

// Error records a finding that keeps the policy from running.
func (d *Draft) Error(pos source.Pos, id, message, hint string) {
	d.Find(source.Finding{Pos: pos, Severity: source.Error, ID: id, Message: message, Hint: hint})
}

// Note records a finding that only informs.
func (d *Draft) Note(pos source.Pos, id, message, hint string) {
	d.Find(source.Finding{Pos: pos, Severity: source.Note, ID: id, Message: message, Hint: hint})
}

// Later has f run when the whole policy was read, so that names may be used before they are defined: in a session at once.
func (d *Draft) Later(f func()) {
	if d.live {
		f()
		return
	}
	d.later = append(d.later, f)
}

// Finish runs what was put off, and what that puts off.
func (d *Draft) Finish() {
	for len(d.later) > 0 {
		f := d.later[0]
		d.later = d.later[1:]
		f()
	}
}

// AddZone adds a zone and says how many there were before.
func (d *Draft) AddZone(z *zone.Zone) (before int) {
	before = len(d.Zones)
	d.Zones = append(d.Zones, z)
	if _, taken := d.zoneAt[z.Name]; !taken {
		d.zoneAt[z.Name] = before
	}
	return before
}

// ZoneIndex is where the zone called name stands in Zones, or -1; see Zone.
func (d *Draft) ZoneIndex(pos source.Pos, user, name string) int {
	if i, ok := d.zoneAt[name]; ok {
		return i
	}
	if !d.Partial {
		d.Error(pos, "unknown-zone", fmt.Sprintf("%s: zone %q is not defined", user, name), DidYouMean(name, d.ZoneNames(), "defined zones: "))
	}
	return -1
}

// NATPolicy is the policy called name; if there is none, a finding at pos says so for user, and it is nil.
func (d *Draft) NATPolicy(pos source.Pos, user, name string) *nat.Policy {
	var names []string
	for _, p := range d.NATPolicies {
		if p.Name == name {
			return p
		}
		names = append(names, p.Name)
	}
	if !d.Partial {
		d.Error(pos, "unknown-nat-policy", fmt.Sprintf("%s: NAT policy %q is not defined", user, name), DidYouMean(name, names, "defined NAT policies: "))
	}
	return nil
}

// Encryption is NATPolicy for encryption policies.
func (d *Draft) Encryption(pos source.Pos, user, name string) *encryption.Policy {
	var names []string
	for _, p := range d.Encryptions {
		if p.Name == name {
			return p
		}
		names = append(names, p.Name)
	}
	if !d.Partial {
		d.Error(pos, "unknown-encryption-policy", fmt.Sprintf("%s: encryption policy %q is not defined", user, name), DidYouMean(name, names, "defined encryption policies: "))
	}
	return nil
}

// Files are those that certificates are read from.
func (d *Draft) Files() *encryption.Files {
	return &encryption.Files{Open: d.Open, Now: d.Now, Log: d.Log}
}

// Zone is the zone called name; if there is none, a finding at pos says so for user, and it is nil.
func (d *Draft) Zone(pos source.Pos, user, name string) *zone.Zone {
	if i := d.ZoneIndex(pos, user, name); i >= 0 {
		return d.Zones[i]
	}
	return nil
}

// HasService reports whether there is a service called name; if not, a finding at pos says so for user.
func (d *Draft) HasService(pos source.Pos, user, name string) bool {
	if d.Services[name] != nil || d.Partial {
		return true
	}
	d.Error(pos, "unknown-service", fmt.Sprintf("%s: service %q is not defined", user, name),
		DidYouMean(name, slices.Sorted(maps.Keys(d.Services)), "defined services: "))
	return false
}

// DidYouMean is a hint at the name that a writer of name may have meant, or at all of them if they are few.
func DidYouMean(name string, names []string, all string) string {
	if nearest := source.Nearest(name, names); nearest != "" {
		return "did you mean " + nearest + "?"
	}
	if len(names) == 0 || all == "" {
		return ""
	}
	sorted := slices.Clone(names)
	sort.Strings(sorted)
	if len(sorted) > 24 {
		return ""
	}
	return all + strings.Join(sorted, ", ")
}

// FoundAt reports whether there is a finding at pos.
func (d *Draft) FoundAt(pos source.Pos) bool {
	return slices.ContainsFunc(d.Findings, func(f source.Finding) bool { return f.Pos == pos })
}

// HasZone reports whether there is a zone called name.
func (d *Draft) HasZone(name string) bool {
	_, ok := d.zoneAt[name]
	return ok
}

// ZoneNames lists the zones so far.
func (d *Draft) ZoneNames() []string {
	var names []string
	for _, z := range d.Zones {
		names = append(names, z.Name)
	}
	return names
}

// MatcherNames lists the named matchers so far.
func (d *Draft) MatcherNames() []string { return slices.Sorted(maps.Keys(d.Matchers)) }
