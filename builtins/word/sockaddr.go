package word

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/engine/stream"
)

// Address families, with the numbers that policies know.
const (
	FamilyUnspec = 0
	FamilyUnix   = 1
	FamilyInet   = 2
	FamilyInet6  = 10
)

// SockAddr is an address in a policy's hands (Zorp's SockAddr objects).
type SockAddr struct{ stream.Addr }

var _ starlark.HasAttrs = SockAddr{}

// String is how Zorp prints the address: AF_INET(10.0.0.1:25).
func (a SockAddr) String() string {
	switch {
	case a.Path != "":
		return "AF_UNIX(" + a.Path + ")"
	case a.Addr.Addr().Is4():
		return fmt.Sprintf("AF_INET(%s)", a.AddrPort)
	}
	return fmt.Sprintf("AF_INET6(%s)", a.AddrPort)
}

// Type is "address".
func (a SockAddr) Type() string { return "address" }

// Freeze does nothing: an address does not change.
func (a SockAddr) Freeze() {}

// Truth is true.
func (a SockAddr) Truth() starlark.Bool { return true }

// Hash makes an address usable as a key.
func (a SockAddr) Hash() (uint32, error) { return starlark.String(a.String()).Hash() }

// Attr is one of Zorp's attributes of an address.
func (a SockAddr) Attr(name string) (starlark.Value, error) {
	switch name {
	case "type":
		if a.Path != "" {
			return starlark.String("unix"), nil
		}
		return starlark.String("inet"), nil
	case "family":
		return starlark.MakeInt(a.family()), nil
	case "path":
		return starlark.String(a.Path), nil
	case "ip_s":
		return starlark.String(a.Addr.Addr().String()), nil
	case "port":
		return starlark.MakeInt(int(a.Port())), nil
	case "format":
		return starlark.NewBuiltin("format", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
			return starlark.String(a.String()), nil
		}), nil
	}
	return nil, nil
}

func (a SockAddr) family() int {
	switch {
	case a.Path != "":
		return FamilyUnix
	case a.Addr.Addr().Is4():
		return FamilyInet
	}
	return FamilyInet6
}

// AttrNames lists the attributes.
func (a SockAddr) AttrNames() []string {
	return []string{"family", "format", "ip_s", "path", "port", "type"}
}
