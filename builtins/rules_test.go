package builtins_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine/rule"
)

// constructorCase is a Rule(...) and what becomes of it.
type constructorCase struct {
	ID         string
	Rule       map[string]any
	SecondRule map[string]any `json:"second_rule"`
	Result     string
	Dimensions map[string]any
	Note       string
}

func TestRuleConstructor(t *testing.T) {
	text, err := os.ReadFile("testdata/rules.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []constructorCase
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err, len(cases))
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			policy := "from Zorp.Smtp import *\nService('s', SmtpProxy)\n" + written(c.Rule)
			if c.SecondRule != nil {
				policy += written(c.SecondRule)
			}
			config, found, err := builtins.Load(options(map[string]string{"p.star": policy}), "p.star")
			if ok := c.Result == "ok"; err != nil || ok != (config != nil) {
				t.Fatalf("%s: want %s (%s), got %v\n%v", policy, c.Result, c.Note, err, found.Error())
			}
			if config != nil {
				compare(t, config.Rules.All()[0], c.Dimensions)
			}
		})
	}
}

// written is a rule as a policy says it.
func written(conditions map[string]any) string {
	var args []string
	for name, value := range conditions {
		args = append(args, name+"="+expression(value))
	}
	slices.Sort(args)
	return "Rule(" + strings.Join(args, ", ") + ")\n"
}

func expression(v any) string {
	if ports, ok := v.(map[string]any); ok {
		pair := ports["PortRange"].([]any)
		return fmt.Sprintf("PortRange(%v, %v)", pair[0], pair[1])
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// compare checks the conditions of r; the order within one does not count.
func compare(t *testing.T, r *rule.Rule, want map[string]any) {
	got := map[string]any{
		"iface": r.SrcIface, "ifgroup": r.SrcIfgroup, "proto": r.Proto, "proto_type": r.ProtoType, "proto_subtype": r.ProtoSubtype,
		"src_subnet": r.SrcSubnet, "dst_port": pairs(r.DstPort),
	}
	for name, value := range want {
		if a, b := sorted(t, got[name]), sorted(t, value); a != b {
			t.Errorf("%s: got %s, want %s", name, a, b)
		}
	}
}

func pairs(ports []rule.PortRange) (list [][2]uint16) {
	for _, p := range ports {
		list = append(list, [2]uint16{p.Low, p.High})
	}
	return list
}

func sorted(t *testing.T, list any) string {
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(elements, func(a, b json.RawMessage) int { return strings.Compare(string(a), string(b)) })
	return fmt.Sprintf("%s", elements)
}
