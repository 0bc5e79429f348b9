package word

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/engine/session"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// ErrNoSession stops what looks at the session while there is none: a config() is then run per session instead.
var ErrNoSession = errors.New("there is no session while the policy is loaded")

// SessionValue is s in a policy's hands; nil is the session that there is not while the policy is loaded.
func SessionValue(s *session.Session) starlark.Value { return &sessionObject{session: s} }

// ConnectingValue is s in a policy's hands while its server side is being connected: the server is chosen.
func ConnectingValue(s *session.Session) starlark.Value {
	return &sessionObject{session: s, decided: true}
}

// SessionAttributes lists what a policy may read of a session.
func SessionAttributes() []string { return slices.Sorted(maps.Keys(sessionAttrs)) }

// sessionObject is self.session in a policy's hands: read only, with Zorp's names. Without a session, while the policy
// is loaded, every look at it says so.
type sessionObject struct {
	session *session.Session
	decided bool // no other server may be chosen
}

// String is how it prints.
func (s *sessionObject) String() string { return "<session>" }

// Type is "session".
func (s *sessionObject) Type() string { return "session" }

// Freeze does nothing.
func (s *sessionObject) Freeze() {}

// Truth is true.
func (s *sessionObject) Truth() starlark.Bool { return true }

// Hash says that it cannot be a key.
func (s *sessionObject) Hash() (uint32, error) {
	return 0, fmt.Errorf("a session is no dictionary key")
}

// Immutable keeps objects that hold it from being shared between sessions.
func (s *sessionObject) Immutable() bool { return false }

// sessionAttrs are the session's attributes.
var sessionAttrs = map[string]func(s *session.Session) starlark.Value{
	"service":        func(s *session.Session) starlark.Value { return &serviceObject{s.Service} },
	"client_address": func(s *session.Session) starlark.Value { return address(s.Client) },
	"client_local":   func(s *session.Session) starlark.Value { return address(s.ClientLocal) },
	"client_zone":    func(s *session.Session) starlark.Value { return ZoneValue(s.ClientZone) },
	"target_address": targetAddress,
	"server_address": func(s *session.Session) starlark.Value { return AddressValue(s.Server) },
	"server_local":   func(s *session.Session) starlark.Value { return address(s.ServerLocal) },
	"server_zone":    func(s *session.Session) starlark.Value { return ZoneValue(s.ServerZone) },
	"protocol":       func(*session.Session) starlark.Value { return starlark.MakeInt(1) },
	"protocol_name":  func(*session.Session) starlark.Value { return starlark.String("TCP") },
	"rule_id":        ruleID,
	"instance_id":    instanceID,
	"session_id":     func(s *session.Session) starlark.Value { return starlark.String(s.ID) },
	"verdict":        func(s *session.Session) starlark.Value { return starlark.MakeInt(int(s.Verdict)) },
	"auth_user":      func(*session.Session) starlark.Value { return starlark.String("") },
	"auth_groups":    func(*session.Session) starlark.Value { return starlark.Tuple{} },
}

// sessionNotBuilt are Zorp's other names.
var sessionNotBuilt = "client_listen target_local target_zone target_address_inband target_local_loose " +
	"target_local_random auth_info authorized owner chainer proxy smtp client_stream server_stream started " +
	"setServerAddress isServerPermitted getMasterSession"

// Attr is one of Zorp's attributes.
func (s *sessionObject) Attr(name string) (starlark.Value, error) {
	if s.session == nil {
		return nil, ErrNoSession
	}
	if get := sessionAttrs[name]; get != nil {
		return get(s.session), nil
	}
	if sessionMethods[name] != nil {
		return s.method(name), nil
	}
	for known := range strings.FieldsSeq(sessionNotBuilt) {
		if name == known {
			return nil, fmt.Errorf("session.%s is Zorp's but not built yet", name)
		}
	}
	return nil, nil
}

// AttrNames lists the attributes.
func (s *sessionObject) AttrNames() []string {
	return SessionAttributes()
}

func address(a netip.AddrPort) starlark.Value { return AddressValue(stream.Addr{AddrPort: a}) }

// AddressValue is a in a policy's hands; None if it is none.
func AddressValue(a stream.Addr) starlark.Value {
	if a.Path == "" && !a.IsValid() {
		return starlark.None
	}
	return SockAddr{Addr: a}
}

func ruleID(s *session.Session) starlark.Value {
	if s.RuleID == 0 {
		return starlark.None
	}
	return starlark.MakeInt(s.RuleID)
}

// instanceID is the number at the end of the session's id.
func instanceID(s *session.Session) starlark.Value {
	n, err := strconv.Atoi(s.ID[strings.LastIndexByte(s.ID, ':')+1:])
	if err != nil {
		return starlark.None
	}
	return starlark.MakeInt(n)
}

// serviceObject is session.service.
type serviceObject struct{ name string }

// String is how it prints.
func (s *serviceObject) String() string { return fmt.Sprintf("<service %s>", s.name) }

// Type is "service".
func (s *serviceObject) Type() string { return "service" }

// Freeze does nothing.
func (s *serviceObject) Freeze() {}

// Truth is true.
func (s *serviceObject) Truth() starlark.Bool { return true }

// Hash is that of the name.
func (s *serviceObject) Hash() (uint32, error) { return starlark.String(s.name).Hash() }

// Attr is the name, under both its names.
func (s *serviceObject) Attr(name string) (starlark.Value, error) {
	if name == "name" || name == "auth_name" {
		return starlark.String(s.name), nil
	}
	return nil, nil
}

// AttrNames lists the attributes.
func (s *serviceObject) AttrNames() []string { return []string{"auth_name", "name"} }

// zoneObject is a zone in a policy's hands.
type zoneObject struct{ zone *zone.Zone }

// ZoneOf is the zone that ZoneValue made v of; nil if it made none.
func ZoneOf(v starlark.Value) *zone.Zone {
	if z, ok := v.(*zoneObject); ok {
		return z.zone
	}
	return nil
}

// ZoneValue is z in a policy's hands; None if it is nil.
func ZoneValue(z *zone.Zone) starlark.Value {
	if z == nil {
		return starlark.None
	}
	return &zoneObject{z}
}

// String is how it prints.
func (z *zoneObject) String() string { return fmt.Sprintf("Zone(%s)", z.zone.Name) }

// Type is "zone".
func (z *zoneObject) Type() string { return "zone" }

// Freeze does nothing: a zone does not change.
func (z *zoneObject) Freeze() {}

// Truth is true.
func (z *zoneObject) Truth() starlark.Bool { return true }

// Hash is that of the name.
func (z *zoneObject) Hash() (uint32, error) { return starlark.String(z.zone.Name).Hash() }

// Attr is one of Zorp's attributes of a zone.
func (z *zoneObject) Attr(name string) (starlark.Value, error) {
	switch name {
	case "name":
		return starlark.String(z.zone.Name), nil
	case "admin_parent":
		return ZoneValue(z.zone.Parent), nil
	case "getName":
		return constant(name, starlark.String(z.zone.Name)), nil
	case "getDepth":
		return constant(name, starlark.MakeInt(z.zone.Depth()-1)), nil
	}
	return nil, nil
}

// AttrNames lists the attributes.
func (z *zoneObject) AttrNames() []string {
	return []string{"admin_parent", "getDepth", "getName", "name"}
}

func constant(name string, v starlark.Value) starlark.Value {
	return starlark.NewBuiltin(name, func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
		return v, nil
	})
}
