package route

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"zorpgo/engine/stream"
)

// Resolver finds the addresses of a host that a protocol or a policy names during a session (Zorp's resolvers).
type Resolver interface {
	Resolve(ctx context.Context, host string) ([]netip.Addr, error)
}

// DNS asks the system's resolver, or whatever Lookup is (Zorp's DNSResolver).
type DNS struct {
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Multi  bool          // all addresses, else the first
	Family stream.Family // 0: both
}

// Hash knows the hosts that it lists, and no other (Zorp's HashResolver).
type Hash map[string][]netip.Addr

var (
	_ Resolver = (*DNS)(nil)
	_ Resolver = Hash(nil)
)

// lookupTime is how long a look-up may take.
const lookupTime = 5 * time.Second

// Resolve implements Resolver.
func (d *DNS) Resolve(ctx context.Context, host string) (list []netip.Addr, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	addrs, err := d.Lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if a = a.Unmap(); (d.Family == 0 || stream.FamilyOf(a) == d.Family) && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no address of the wanted family", host)
	}
	if !d.Multi {
		list = list[:1]
	}
	return list, nil
}

// Resolve implements Resolver; names are compared with their case.
func (h Hash) Resolve(_ context.Context, host string) ([]netip.Addr, error) {
	if list := h[host]; len(list) > 0 {
		return list, nil
	}
	return nil, fmt.Errorf("%s is not in the HashResolver", host)
}
