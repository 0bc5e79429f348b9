package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
)

// Refused reports whether err is what this host refused, not what is wrong with a policy.
func Refused(err error) bool {
	var listen *ListenError
	var forge *ForgeError
	var intercept *InterceptError
	return errors.As(err, &listen) || errors.As(err, &forge) || errors.As(err, &intercept)
}

// ListenError says that a listener could not be opened.
type ListenError struct {
	At   netip.AddrPort
	Rule *rule.Rule // the first that needs it
	Err  error
}

// Error says what to do about it.
func (e *ListenError) Error() string {
	where := ""
	if e.Rule != nil {
		where = e.Rule.Pos.String() + ": "
	}
	return fmt.Sprintf("%scannot listen on %s: %s", where, e.At, e.advice())
}

// Unwrap is what the kernel said.
func (e *ListenError) Unwrap() error { return e.Err }

func (e *ListenError) advice() string {
	switch {
	case errors.Is(e.Err, syscall.EADDRINUSE):
		return fmt.Sprintf("the port is taken by another program; stop it (ss -ltnp 'sport = :%d' names it)", e.At.Port())
	case errors.Is(e.Err, syscall.EACCES) && e.At.Port() < 1024:
		return "ports below 1024 need CAP_NET_BIND_SERVICE; " + capabilities("cap_net_bind_service", "CAP_NET_BIND_SERVICE") +
			", or have systemd open the socket"
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("%s is not an address of this host; give it to an interface or correct dst_subnet", e.At.Addr())
	case errors.Is(e.Err, syscall.EAFNOSUPPORT):
		return fmt.Sprintf("this host does not speak %s", stream.FamilyOf(e.At.Addr()))
	}
	return e.Err.Error()
}

// ForgeError says that services forge addresses and this process may not.
type ForgeError struct {
	Services []*service.Service
	Family   stream.Family
	Err      error
}

// Error says which rights are needed and how to get them, under the position of each service.
func (e *ForgeError) Error() string {
	why := fmt.Sprintf("which this host does not do: %v", e.Err)
	if errors.Is(e.Err, os.ErrPermission) {
		why = "which needs CAP_NET_RAW or CAP_NET_ADMIN; " +
			capabilities("cap_net_raw,cap_net_bind_service", "CAP_NET_RAW CAP_NET_BIND_SERVICE")
	}
	var lines []string
	for _, v := range e.Services {
		lines = append(lines, fmt.Sprintf("%s: service %q forges %s addresses (%s), %s", v.Pos, v.Name, e.Family, wish(v), why))
		why = "likewise"
	}
	return strings.Join(lines, "\n")
}

// wish is where a policy says that it wants addresses forged.
func wish(v *service.Service) string {
	if v.SNAT != nil {
		return fmt.Sprintf("snat_policy=%q, which names addresses that are not this host's", v.SNAT.Name)
	}
	return "forge_addr=TRUE"
}

// Unwrap is what the kernel said.
func (e *ForgeError) Unwrap() error { return e.Err }

// capabilities says how to get some, in the words of setcap and of systemd.
func capabilities(setcap, systemd string) string {
	program, err := os.Executable()
	if err != nil {
		program = "zorpgo"
	}
	return fmt.Sprintf("run it as root, or in its systemd unit say AmbientCapabilities=%s, or type setcap %s+ep %s",
		systemd, setcap, program)
}
