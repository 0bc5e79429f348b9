package lint

import (
	"errors"
	"strings"
	"testing"

	"zorpgo/engine/stream"
)

func TestRights(t *testing.T) {
	none := Rights{LowestPort: 1024, Forge: func(stream.Family) error { return errors.New("operation not permitted") }}
	for _, c := range []struct {
		name   string
		rights Rights
		change func(w *world)
		want   string
	}{
		{"all", Rights{Forge: func(stream.Family) error { return nil }}, func(w *world) { w.router.Forge.Addr = true }, ""},
		{"none", none, func(w *world) { w.router.Forge.Addr = true }, "note low-port, note no-right-to-forge"},
		{"none are needed", none, func(w *world) { w.rules[0].DstPort = ports(1024, 1024) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			var got []string
			for _, f := range c.rights.Check(w.config(t), nil) {
				got = append(got, f.Severity.String()+" "+f.ID)
			}
			if joined := strings.Join(got, ", "); joined != c.want {
				t.Errorf("got %q, want %q", joined, c.want)
			}
		})
	}
}
