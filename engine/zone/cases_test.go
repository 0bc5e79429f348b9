package zone

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"testing"

	"zorpgo/engine/source"
)

// testdata/zones.json holds Zorp's answers, but for ZK10 and ZK11: Zorp takes a zone name or a network twice, zorpgo does not.
type cases struct {
	Lookup []struct {
		ID, Title string
		Zones     []declaration
		Lookups   []struct {
			Addr      netip.Addr
			Zone      string
			Ancestors []string
		}
	}
	Construction []struct {
		ID, Title string
		Zones     []declaration
		FailsAt   string `json:"fails_at"`
		Finding   string // "not-a-network" stands for an error of ParsePrefix
	}
}

type declaration struct {
	Name   string
	Addrs  []string
	Parent string
}

func readCases(t *testing.T) (c cases) {
	t.Helper()
	data, err := os.ReadFile("testdata/zones.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// declare makes zones as a policy would, each on a line of its own; failed names the zone with a malformed network.
func declare(declarations []declaration) (zones []*Zone, failed string) {
	named := map[string]*Zone{}
	for _, d := range declarations {
		named[d.Name] = &Zone{Name: d.Name}
	}
	for i, d := range declarations {
		z := named[d.Name]
		if slices.Contains(zones, z) {
			z = &Zone{Name: d.Name}
		}
		z.Pos, z.Parent = source.Pos{File: "zones.star", Line: i + 1, Col: 1}, named[d.Parent]
		for _, text := range d.Addrs {
			p, err := ParsePrefix(text)
			if err != nil {
				return zones, d.Name
			}
			z.Prefixes = append(z.Prefixes, p)
		}
		zones = append(zones, z)
	}
	return zones, ""
}

func TestLookupCases(t *testing.T) {
	for _, c := range readCases(t).Lookup {
		t.Run(c.ID, func(t *testing.T) {
			zones, failed := declare(c.Zones)
			table, found := NewTable(zones)
			if failed != "" || len(found) > 0 {
				t.Fatalf("%s: %s %v", c.Title, failed, found)
			}
			for _, l := range c.Lookups {
				z := table.Lookup(l.Addr)
				if z.String() != l.Zone {
					t.Errorf("%s: zone of %s is %q, want %q", c.Title, l.Addr, z, l.Zone)
				}
				var ancestors []string
				for a := range z.Ancestors() {
					ancestors = append(ancestors, a.Name)
				}
				if !slices.Equal(ancestors, l.Ancestors) {
					t.Errorf("%s: ancestors of %s are %q, want %q", c.Title, l.Addr, ancestors, l.Ancestors)
				}
			}
		})
	}
}

func TestConstructionCases(t *testing.T) {
	for _, c := range readCases(t).Construction {
		t.Run(c.ID, func(t *testing.T) {
			zones, failedAt := declare(c.Zones)
			finding := ""
			if failedAt != "" {
				finding = "not-a-network"
			} else if _, found := NewTable(zones); len(found) > 0 {
				finding, failedAt = found[0].ID, c.Zones[found[0].Pos.Line-1].Name
			}
			if finding != c.Finding || failedAt != c.FailsAt {
				t.Errorf("%s: fails at %q with %q, want %q with %q", c.Title, failedAt, finding, c.FailsAt, c.Finding)
			}
		})
	}
}
