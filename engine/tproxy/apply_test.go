package tproxy

import (
	"strings"
	"testing"

	"zorpgo/engine/stream"
)

// TestApplyAndRemove: applied twice, two instances, removed twice; the host is then as it was.
func TestApplyAndRemove(t *testing.T) {
	elsewhere(t, func(t *testing.T) {
		before := everything(t)
		one, two := newWorld(1).ruleset(), newWorld(2).ruleset()
		two.Instance = "other"
		for _, s := range []*Ruleset{one, one, two} {
			check(t, s.Apply(t.Context()))
		}
		for _, f := range []stream.Family{stream.IPv4, stream.IPv6} {
			check(t, WayBack(f))
		}
		if got := nft(t, "", "list", "tables"); strings.Count(got, "zorpgo_") != 2 {
			t.Errorf("tables:\n%s", got)
		}
		check(t, one.Remove(t.Context()))
		check(t, WayBack(stream.IPv4))
		check(t, two.Remove(t.Context()))
		check(t, two.Remove(t.Context()))
		if after := everything(t); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
	})
}

func everything(t *testing.T) string {
	t.Helper()
	return nft(t, "", "list", "ruleset") + command(t, "ip", "rule") + command(t, "ip", "-6", "rule") +
		command(t, "ip", "route", "show", "table", "all") + command(t, "ip", "-6", "route", "show", "table", "all")
}
