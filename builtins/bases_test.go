package builtins_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"zorpgo/builtins"
	"zorpgo/engine/nat"
	"zorpgo/engine/route"
)

// What a class presets is what the words that it derives from make.
func TestDerivedFromWords(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/broken-bases.txtar")
	if err != nil {
		t.Fatal(err)
	}
	policy := string(archive.Files[0].Data) + `    for who, want in (("bob@b.example", FALSE), ("bob@c.example", TRUE)):
        if Others("b.example").checkMatch(who) != want or Domains("b.example").checkMatch(who) == want:
            fail(who)
`
	config, found, err := builtins.Load(options(map[string]string{"p.star": policy}), "p.star")
	if err != nil || config == nil {
		t.Fatal(err, found.Error())
	}
	for name, want := range map[string]string{
		"a": "&{[172.16.20.254:25] {true -1} false}", "b": "&{[172.16.20.254:2525] {true -1} false}",
		"c": "&{0 {true -1} false}",
	} {
		if got := fmt.Sprint(config.Services[name].Router); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if _, written := config.Services["a"].Router.(route.Deciding); written {
		t.Error("a router of presets is asked in the session")
	}
	if to := config.Services["a"].SNAT.NAT.(*nat.Static).To; to != netip.MustParseAddrPort("172.16.20.1:0") {
		t.Error(to)
	}
}
