package chain

import (
	"fmt"
	"log/slog"
	"net/netip"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

// translate is where a connection to target really goes, and from where. Both policies see the pair as it was: the
// client's address, with the port that the router wants, and the target.
func (a *search) translate(target stream.Addr) (to stream.Addr, from route.Local, err error) {
	from = a.plan.Local
	if target.Path != "" {
		return target, from, nil
	}
	pair := nat.Pair{
		Src: netip.AddrPortFrom(a.session.Client.Addr().Unmap(), from.Addr.Port()),
		Dst: netip.AddrPortFrom(target.Addr().Unmap(), target.Port()),
	}
	if a.plan.SNAT != nil {
		if from, err = a.source(pair); err != nil {
			return target, from, err
		}
	}
	dst, err := a.destination(pair)
	if dst.Port() == 0 {
		dst = netip.AddrPortFrom(dst.Addr(), a.session.ClientLocal.Port())
	}
	return stream.Addr{AddrPort: dst}, from, err
}

// source is what the SNAT policy makes of the local side. What it says nothing about is forged if the router says so,
// else left to the kernel; a wanted port is lost then, as in Zorp.
func (a *search) source(pair nat.Pair) (route.Local, error) {
	src, ok, err := a.plan.SNAT.TranslateFor(a.session, pair, nat.Source)
	switch local := a.plan.Local; {
	case err != nil:
		return route.Local{}, fmt.Errorf("snat_policy %q: %w", a.plan.SNAT.Name, err)
	case ok:
		a.logTranslation(a.plan.SNAT, pair.Src, src)
		return route.Local{Addr: src, Translated: true, Loose: local.Loose, Random: local.Random}, nil
	case local.Forged:
		return local, nil
	}
	return route.Local{}, nil
}

// destination is what the DNAT policy makes of the target.
func (a *search) destination(pair nat.Pair) (netip.AddrPort, error) {
	if a.plan.DNAT == nil {
		return pair.Dst, nil
	}
	dst, ok, err := a.plan.DNAT.TranslateFor(a.session, pair, nat.Destination)
	switch {
	case err != nil:
		return pair.Dst, fmt.Errorf("dnat_policy %q: %w", a.plan.DNAT.Name, err)
	case !ok:
		return pair.Dst, nil
	}
	a.logTranslation(a.plan.DNAT, pair.Dst, dst)
	return dst, nil
}

func (a *search) logTranslation(p *nat.Policy, from, to netip.AddrPort) {
	a.session.Record(debugClass, "address translated", slog.String("nat_policy", p.Name),
		slog.String("from", from.String()), slog.String("to", to.String()))
}
