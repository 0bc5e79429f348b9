package nat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
)

// testdata/nat.json holds Zorp's answers; a case that has "ours" departs from Zorp, and says how.
type natCase struct {
	ID, Class, Ours string
	Args            struct {
		Mapping        [][]string
		Addr           *address
		Addresses      []address
		IPHash         map[string]netip.Addr `json:"ip_hash"`
		DefaultReject  *bool                 `json:"default_reject"`
		FromDomain     string                `json:"from_domain"`
		ToDomain       string                `json:"to_domain"`
		Prefix, Suffix *string
		PrefixMask     *int `json:"prefix_mask"`
	}
	Policy         struct{ Cacheable *bool }
	ConstructError string `json:"construct_error"`
	Calls          []natCall
}

type natCall struct {
	Type     string
	Src, Dst *address
	Expect   *struct {
		address
		Error      string
		OneOf      []address `json:"one_of"`
		SameAsCall *int      `json:"same_as_call"`
	}
}

type address struct {
	IP   netip.Addr
	Port uint16
}

func (a *address) addrPort() netip.AddrPort {
	if a == nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.IP, a.Port)
}

func (c *natCase) networks(texts []string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// build makes the case's NAT as a policy would.
func (c *natCase) build() (NAT, error) {
	a := c.Args
	reject := a.DefaultReject == nil || *a.DefaultReject
	switch c.Class {
	case "GeneralNAT":
		g := &General{}
		for _, triple := range a.Mapping {
			m, err := NewMapping(c.networks(triple))
			if err != nil {
				return nil, err
			}
			g.Mappings = append(g.Mappings, m)
		}
		return g, nil
	case "StaticNAT":
		return &Static{a.Addr.addrPort()}, nil
	case "RandomNAT":
		r := &Random{}
		for _, to := range a.Addresses {
			r.To = append(r.To, to.addrPort())
		}
		return r, nil
	case "HashNAT":
		h := &Hash{To: map[netip.Addr]netip.Addr{}, Reject: reject}
		for from, to := range a.IPHash {
			h.To[netip.MustParseAddr(from)] = to
		}
		return h, nil
	case "ForgeClientSourceNAT":
		return ForgeClient{}, nil
	case "OneToOneNAT":
		return c.oneToOne([][]string{{a.FromDomain, a.ToDomain}}, reject)
	case "OneToOneMultiNAT":
		return c.oneToOne(a.Mapping, reject)
	case "NAT64":
		return NewNAT64(c.mask())
	case "NAT46":
		return c.nat46()
	}
	return nil, fmt.Errorf("class %s is unknown", c.Class)
}

func (c *natCase) oneToOne(pairs [][]string, reject bool) (NAT, error) {
	o := &OneToOne{Reject: reject}
	for _, pair := range pairs {
		s, err := NewShift(c.networks(pair))
		if err != nil {
			return nil, err
		}
		o.Shifts = append(o.Shifts, s)
	}
	return o, nil
}

func (c *natCase) mask() int {
	if c.Args.PrefixMask == nil {
		return 96
	}
	return *c.Args.PrefixMask
}

func (c *natCase) nat46() (NAT, error) {
	ends := [2]netip.Addr{netip.MustParseAddr("64:ff9b::"), netip.IPv6Unspecified()}
	for i, text := range []*string{c.Args.Prefix, c.Args.Suffix} {
		if text != nil {
			a, err := netip.ParseAddr(*text)
			if err != nil {
				return nil, err
			}
			ends[i] = a
		}
	}
	return NewNAT46(ends[0], ends[1], c.mask())
}

func TestCases(t *testing.T) {
	data, err := os.ReadFile("testdata/nat.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []natCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, c := range cases {
		t.Run(c.ID+" "+c.Class, func(t *testing.T) { c.run(t) })
		calls += len(c.Calls)
	}
	if len(cases) != 57 || calls < 70 {
		t.Errorf("%d cases with %d calls", len(cases), calls)
	}
}

func (c *natCase) run(t *testing.T) {
	n, err := c.build()
	if (err != nil) != (c.ConstructError != "") {
		t.Fatalf("error %v, want %q", err, c.ConstructError)
	}
	if err != nil {
		return
	}
	p := &Policy{Name: c.ID, NAT: n, Cacheable: c.Policy.Cacheable == nil || *c.Policy.Cacheable}
	var before []netip.AddrPort
	for i, call := range c.Calls {
		mode := Source
		if call.Type == "DNAT" {
			mode = Destination
		}
		got, ok, err := p.Translate(Pair{call.Src.addrPort(), call.Dst.addrPort()}, mode)
		if problem := call.compare(got, ok, err, before); problem != "" {
			t.Errorf("call %d: %s", i, problem)
		}
		before = append(before, got)
	}
}

// compare says what is wrong with the answer to a call.
func (call *natCall) compare(got netip.AddrPort, ok bool, err error, before []netip.AddrPort) string {
	e := call.Expect
	switch {
	case e == nil:
		if ok || err != nil {
			return fmt.Sprintf("%s, %v; want no translation", got, err)
		}
	case e.Error != "":
		if err == nil || ok || errors.Is(err, ErrRefused) != (e.Error == "DACException") {
			return fmt.Sprintf("%s, error %v; want %s", got, err, e.Error)
		}
	case err != nil || !ok:
		return fmt.Sprintf("no translation, error %v", err)
	case e.SameAsCall != nil:
		if got != before[*e.SameAsCall] {
			return fmt.Sprintf("%s, want %s as before", got, before[*e.SameAsCall])
		}
	case e.OneOf != nil:
		if !slices.ContainsFunc(e.OneOf, func(a address) bool { return a.addrPort() == got }) {
			return fmt.Sprintf("%s, want one of %v", got, e.OneOf)
		}
	case got != e.addrPort():
		return fmt.Sprintf("%s, want %s", got, e.addrPort())
	}
	return ""
}
