package route

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"zorpgo/engine/stream"
)

func TestResolvers(t *testing.T) {
	at := netip.MustParseAddr
	lookup := func(ctx context.Context, host string) ([]netip.Addr, error) {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("a look-up without a deadline")
		}
		if host != "mx" {
			return nil, errors.New("unknown")
		}
		return []netip.Addr{at("fd00::1"), at("10.0.0.1"), at("::ffff:10.0.0.1"), at("10.0.0.2")}, nil
	}
	for _, c := range []struct {
		resolver Resolver
		host     string
		want     string
	}{
		{&DNS{Lookup: lookup}, "mx", "[fd00::1] <nil>"},
		{&DNS{Lookup: lookup, Multi: true}, "mx", "[fd00::1 10.0.0.1 10.0.0.2] <nil>"},
		{&DNS{Lookup: lookup, Multi: true, Family: stream.IPv4}, "mx", "[10.0.0.1 10.0.0.2] <nil>"},
		{&DNS{Lookup: lookup}, "other", "[] unknown"},
		{Hash{"mx": {at("10.0.0.3")}}, "mx", "[10.0.0.3] <nil>"},
		{Hash{"mx": {at("10.0.0.3")}}, "MX", "[] MX is not in the HashResolver"},
	} {
		list, err := c.resolver.Resolve(context.Background(), c.host)
		if got := fmt.Sprint(list, err); got != c.want {
			t.Errorf("%+v: %s, want %s", c.resolver, got, c.want)
		}
	}
}

func TestInband(t *testing.T) {
	r := &Inband{Forge: Forge{Addr: true, Port: PortAny}}
	for _, router := range []Router{r, &Directed{Overrideable: true}, &Transparent{Overrideable: true}} {
		if !router.(interface{ Overrides() bool }).Overrides() {
			t.Errorf("%T does not let the proxy choose", router)
		}
	}
	if (&Directed{}).Overrides() || (&Transparent{}).Overrides() {
		t.Error("a router lets the proxy choose although it is not told so")
	}
}
