package word

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// sessionMethods choose the server of a session, as long as it is not connected.
var sessionMethods = map[string]func(ctx context.Context, s *session.Session, args starlark.Tuple) (starlark.Value, error){
	"setServer":                  setServer,
	"setTargetAddress":           setServer,
	"setTargetAddressByHostname": setServerByName,
}

// SessionMethods lists what a policy may call of a session.
func SessionMethods() []string { return slices.Sorted(maps.Keys(sessionMethods)) }

var errConnected = errors.New("the server is chosen already: choose it in config(), startUp or connectServer, or in routeConnection of a router")

// method is session.name.
func (s *sessionObject) method(name string) starlark.Value {
	do := sessionMethods[name]
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(kwargs) > 0 {
			return nil, fmt.Errorf("%s: arguments have no names here", name)
		}
		if s.decided || s.session.Server != (stream.Addr{}) {
			return nil, errConnected
		}
		defer interp.Waiting(thread)()
		return do(until(thread), s.session, args)
	})
}

// setServer takes one address or a list.
func setServer(_ context.Context, s *session.Session, args starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	if err := starlark.UnpackPositionalArgs("setServer", args, nil, 1, &v); err != nil {
		return nil, err
	}
	var targets []stream.Addr
	for element := range Elements(v) {
		a, ok := element.(SockAddr)
		if !ok {
			return nil, fmt.Errorf("setServer: got %s, want an address, such as SockAddrInet(...), or a list of these", TypeName(element))
		}
		targets = append(targets, a.Addr)
	}
	if len(targets) == 0 {
		return nil, errors.New("setServer: the list of addresses is empty")
	}
	s.Targets = targets
	return starlark.True, nil
}

// setServerByName asks the service's resolver. Unless the router lets the proxy choose it does nothing, as in Zorp.
func setServerByName(ctx context.Context, s *session.Session, args starlark.Tuple) (starlark.Value, error) {
	var host string
	var port int
	if err := starlark.UnpackPositionalArgs("setTargetAddressByHostname", args, nil, 2, &host, &port); err != nil {
		return nil, err
	}
	switch {
	case port < 1 || port > 65535:
		return nil, fmt.Errorf("setTargetAddressByHostname: %d is no port", port)
	case !s.Inband:
		return starlark.True, nil
	case s.Resolve == nil:
		return nil, errors.New("setTargetAddressByHostname: the service has no resolver")
	}
	addrs, err := s.Resolve(ctx, host)
	if err != nil {
		s.Log.Warn("server not found", "host", Escape(host), "error", err)
		return starlark.False, nil
	}
	var targets []stream.Addr
	for _, a := range addrs {
		targets = append(targets, stream.Addr{AddrPort: netip.AddrPortFrom(a, uint16(port))})
	}
	s.Targets = targets
	return starlark.True, nil
}

// targetAddress is what the policy chose, or None: the router's targets stand.
func targetAddress(s *session.Session) starlark.Value {
	if s.Targets == nil {
		return starlark.None
	}
	var list starlark.Tuple
	for _, a := range s.Targets {
		list = append(list, SockAddr{Addr: a})
	}
	return list
}
