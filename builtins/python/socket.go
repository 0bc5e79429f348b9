package python

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
)

// lookupTime is how long the resolver may take for one name.
const lookupTime = 5 * time.Second

// sockets is what policies use of the module socket: numbers, the forms of addresses, and the resolver.
func sockets(d *word.Draft) starlark.StringDict {
	dict := starlark.StringDict{}
	for name, n := range map[string]int{"IPPROTO_ICMP": 1, "IPPROTO_TCP": 6, "IPPROTO_UDP": 17, "IPPROTO_ICMPV6": 58,
		"AF_UNIX": word.FamilyUnix, "AF_INET": word.FamilyInet, "AF_INET6": word.FamilyInet6, "SOCK_STREAM": 1, "SOCK_DGRAM": 2} {
		dict[name] = starlark.MakeInt(n)
	}
	simple(dict, "inet_aton", func(args starlark.Tuple) (starlark.Value, error) {
		var text string
		if err := starlark.UnpackPositionalArgs("inet_aton", args, nil, 1, &text); err != nil {
			return nil, err
		}
		return packed(text, word.FamilyInet)
	})
	simple(dict, "inet_pton", func(args starlark.Tuple) (starlark.Value, error) {
		var text string
		var family int
		if err := starlark.UnpackPositionalArgs("inet_pton", args, nil, 2, &family, &text); err != nil {
			return nil, err
		}
		return packed(text, family)
	})
	simple(dict, "inet_ntoa", func(args starlark.Tuple) (starlark.Value, error) {
		var octets starlark.Value
		if err := starlark.UnpackPositionalArgs("inet_ntoa", args, nil, 1, &octets); err != nil {
			return nil, err
		}
		return unpacked(octets, word.FamilyInet)
	})
	simple(dict, "inet_ntop", func(args starlark.Tuple) (starlark.Value, error) {
		var octets starlark.Value
		var family int
		if err := starlark.UnpackPositionalArgs("inet_ntop", args, nil, 2, &family, &octets); err != nil {
			return nil, err
		}
		return unpacked(octets, family)
	})
	n := names{d}
	builtin(dict, "gethostbyname", n.asking(n.hostByName))
	builtin(dict, "gethostbyaddr", n.asking(n.hostByAddr))
	builtin(dict, "getfqdn", n.asking(n.fullName))
	builtin(dict, "gethostname", func(_ *starlark.Thread, _ *starlark.Builtin, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		name, err := d.Hostname()
		return starlark.String(name), err
	})
	return dict
}

func packed(text string, family int) (starlark.Value, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" || a.Is4() != (family == word.FamilyInet) || family != word.FamilyInet && family != word.FamilyInet6 {
		return nil, fmt.Errorf("%q is no address of that family", text)
	}
	return starlark.Bytes(a.AsSlice()), nil
}

func unpacked(v starlark.Value, family int) (starlark.Value, error) {
	var octets string
	switch v := v.(type) {
	case starlark.Bytes:
		octets = string(v)
	case starlark.String:
		octets = string(v)
	}
	a, ok := netip.AddrFromSlice([]byte(octets))
	if !ok || a.Is4() != (family == word.FamilyInet) {
		return nil, fmt.Errorf("%s is no packed address of that family", v)
	}
	return starlark.String(a.String()), nil
}

// names asks the policy's resolver.
type names struct{ draft *word.Draft }

// asking is a function that waits for the resolver: a config() that calls it is run for each session.
func (n names) asking(do func(ctx context.Context, args starlark.Tuple) (starlark.Value, error)) function {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		if word.Shared(thread) {
			return nil, word.ErrVaries
		}
		defer interp.Waiting(thread)()
		ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
		defer cancel()
		v, err := do(ctx, args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name(), err)
		}
		return v, nil
	}
}

func (n names) hostByName(ctx context.Context, args starlark.Tuple) (starlark.Value, error) {
	var host string
	if err := starlark.UnpackPositionalArgs("gethostbyname", args, nil, 1, &host); err != nil {
		return nil, err
	}
	addrs, err := n.draft.Resolve(ctx, host)
	for _, a := range addrs {
		if a = a.Unmap(); err == nil && a.Is4() {
			return starlark.String(a.String()), nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%s has no IPv4 address", host)
	}
	return nil, err
}

func (n names) hostByAddr(ctx context.Context, args starlark.Tuple) (starlark.Value, error) {
	var addr string
	if err := starlark.UnpackPositionalArgs("gethostbyaddr", args, nil, 1, &addr); err != nil {
		return nil, err
	}
	list, err := n.draft.LookupAddr(ctx, addr)
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("%s has no name", addr)
	}
	var aliases []starlark.Value
	for _, name := range list[1:] {
		aliases = append(aliases, starlark.String(strings.TrimSuffix(name, ".")))
	}
	return starlark.Tuple{starlark.String(strings.TrimSuffix(list[0], ".")), starlark.NewList(aliases),
		starlark.NewList([]starlark.Value{starlark.String(addr)})}, nil
}

// fullName is the first name with a dot that the resolver knows for a host or address, or that itself.
func (n names) fullName(ctx context.Context, args starlark.Tuple) (starlark.Value, error) {
	host := ""
	if err := starlark.UnpackPositionalArgs("getfqdn", args, nil, 0, &host); err != nil {
		return nil, err
	}
	if host == "" {
		host, _ = n.draft.Hostname()
	}
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, a)
	} else {
		addrs, _ = n.draft.Resolve(ctx, host)
	}
	for _, a := range addrs {
		list, _ := n.draft.LookupAddr(ctx, a.Unmap().String())
		for _, name := range list {
			if name = strings.TrimSuffix(name, "."); strings.Contains(name, ".") {
				return starlark.String(name), nil
			}
		}
	}
	return starlark.String(host), nil
}
