package engine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// Changes says what c has that the policy in force has not, and the reverse: services, then rules. What a class decides
// by itself is not compared.
func (e *Engine) Changes(c *Config) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.config == nil {
		return nil
	}
	return append(serviceChanges(e.config.Services, c.Services), ruleChanges(e.config.Rules.All(), c.Rules.All())...)
}

func serviceChanges(old, now map[string]*service.Service) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		was := old[name]
		if was == nil {
			list = append(list, fmt.Sprintf("service %q added (%s)", name, now[name].Pos))
			continue
		}
		before, after := features(was), features(now[name])
		for i, f := range after {
			if !reflect.DeepEqual(before[i].value, f.value) {
				list = append(list, fmt.Sprintf("service %q: %s was %s, is %s", name, f.name, shown(before[i].value), shown(f.value)))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if now[name] == nil {
			list = append(list, fmt.Sprintf("service %q removed (%s)", name, old[name].Pos))
		}
	}
	return list
}

// feature is what an administrator says of a service.
type feature struct {
	name  string
	value any
}

func features(v *service.Service) []feature {
	class := "none, it denies"
	if !v.Deny && v.Class != nil {
		class = v.Class.Name()
	}
	named := func(p *nat.Policy) string {
		if p == nil {
			return "none"
		}
		return p.Name
	}
	encryption := "none"
	if p := v.Encrypts(); p != nil {
		encryption = p.Name
	}
	return []feature{
		{"class", class}, {"router", describe(v.Routing())}, {"chainer", describe(v.Chainer)},
		{"snat_policy", named(v.SNAT)}, {"dnat_policy", named(v.DNAT)}, {"encryption_policy", encryption},
		{"max_instances", v.MaxInstances}, {"max_sessions_per_client", v.Limits.SessionsPerClient}, {"max_rate", v.Limits.Rate},
		{"max_rate_per_client", v.Limits.RatePerClient}, {"client_prefix_ipv4", v.Limits.IPv4}, {"client_prefix_ipv6", v.Limits.IPv6},
		{"proxy_protocol", v.Announce}, {"keepalive", int(v.Keepalive)},
		{"limit_target_zones_to", strings.Join(v.LimitTargetZones, ", ")}, {"resolver", describe(v.Resolver)},
		{"ipv4_setting", v.DenyIPv4}, {"ipv6_setting", v.DenyIPv6}, {"logging", !v.Quiet},
	}
}

// describe is a router, a chainer or a resolver with where it goes and what it says.
func describe(v any) string {
	if v == nil || reflect.ValueOf(v).Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil() {
		return "the default one"
	}
	text := strings.TrimLeft(fmt.Sprintf("%T", v), "*")
	text = text[strings.LastIndexByte(text, '.')+1:]
	if known, ok := v.(interface{ Destinations() []stream.Addr }); ok {
		for _, to := range known.Destinations() {
			text += " " + to.String()
		}
	}
	if hosts, ok := v.(route.Hash); ok {
		return text + " " + fmt.Sprint(hosts)
	}
	return strings.Join(append([]string{text}, options(reflect.Indirect(reflect.ValueOf(v)))...), " ")
}

// options are the fields of v, and of the structures in it, that say something in a word.
func options(v reflect.Value) (list []string) {
	for i := 0; v.Kind() == reflect.Struct && i < v.NumField(); i++ {
		field, value := v.Type().Field(i), v.Field(i)
		switch {
		case !field.IsExported() || value.IsZero():
		case value.Kind() == reflect.Struct:
			list = append(list, options(value)...)
		case value.Kind() <= reflect.Float64 || value.Kind() == reflect.String:
			list = append(list, fmt.Sprintf("%s=%v", field.Name, value))
		}
	}
	return list
}

func shown(value any) string {
	if text := fmt.Sprint(value); text != "" {
		return text
	}
	return "nothing"
}

// ruleChanges compares rules by what they say: their numbers and positions move with every line.
func ruleChanges(old, now []*rule.Rule) (list []string) {
	was := map[string][]*rule.Rule{}
	for _, r := range old {
		was[wording(r)] = append(was[wording(r)], r)
	}
	for _, r := range now {
		if same := was[wording(r)]; len(same) > 0 {
			was[wording(r)] = same[1:]
			continue
		}
		list = append(list, fmt.Sprintf("%s added (%s): service %q", r.Called(), r.Pos, r.Service))
	}
	for _, r := range old {
		if gone := was[wording(r)]; len(gone) > 0 && gone[0] == r {
			was[wording(r)] = gone[1:]
			list = append(list, fmt.Sprintf("%s removed (it was at %s): service %q", r.Called(), r.Pos, r.Service))
		}
	}
	return list
}

// wording is all that a rule says, but where.
func wording(r *rule.Rule) string {
	zones := func(list []*zone.Zone) (names []string) {
		for _, z := range list {
			names = append(names, z.Name)
		}
		return names
	}
	listener := ""
	if r.Listener != nil {
		said := *r.Listener
		said.Pos = source.Pos{}
		listener = fmt.Sprintf("%+v", said)
	}
	return fmt.Sprint(r.Service, r.ReqID, r.SrcIface, r.SrcIfgroup, r.Proto, r.ProtoType, r.ProtoSubtype, r.SrcPort, r.DstPort, r.SrcSubnet,
		zones(r.SrcZone), r.DstSubnet, zones(r.DstZone), r.DstIface, r.DstIfgroup, zones(r.ProxiesFrom), listener)
}
