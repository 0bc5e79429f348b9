package builtins_test

import (
	"fmt"
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/lint"
	"zorpgo/engine/source"
)

const many = 10000

// manyRules is a policy of n zones and n rules.
func manyRules(n int) string {
	var b strings.Builder
	b.WriteString("from Zorp.Smtp import *\nZone('root', '10.0.0.0/8')\n")
	for i := range n {
		fmt.Fprintf(&b, "Zone('z%d', '10.%d.%d.0/24', admin_parent='root')\n", i, i/200, i%200)
	}
	b.WriteString("def default_instance():\n    Service('mail', SmtpProxy, DirectedRouter(SockAddrInet('192.0.2.1', 25), forge_addr=TRUE))\n")
	for i := range n {
		fmt.Fprintf(&b, "    Rule(service='mail', src_zone='z%d', dst_port=25, dst_subnet='172.16.%d.%d')\n", i, i%16, i%200+1)
	}
	return b.String()
}

func loadLarge(tb testing.TB, text string, check func(*engine.Config, source.Findings) source.Findings) {
	opts := options(map[string]string{"p.star": text})
	opts.Lint = check
	_, found, err := builtins.Load(opts, "p.star")
	if err != nil || found.HasErrors() {
		tb.Fatalf("%v\n%s", err, found.Error())
	}
}

// A policy of 10,000 zones and rules loads and is checked; how fast, the benchmarks say.
func TestManyRules(t *testing.T) { loadLarge(t, manyRules(many), lint.Check) }

func BenchmarkLoadManyRules(b *testing.B) {
	text := manyRules(many)
	for b.Loop() {
		loadLarge(b, text, nil)
	}
}

func BenchmarkCheckManyRules(b *testing.B) {
	text := manyRules(many)
	for b.Loop() {
		loadLarge(b, text, lint.Check)
	}
}
