package journal

import (
	"context"
	"strings"
	"testing"
)

func TestSpec(t *testing.T) {
	for _, c := range []struct {
		spec    string
		verbose int
		class   Class
		want    bool
	}{
		{"", 3, Class{"smtp.policy", 3}, true},
		{"", 3, Class{"smtp.policy", 4}, false},
		{DefaultSpec, 3, Class{"core.summary", 4}, true},
		{DefaultSpec, 3, Class{"smtp.accounting", 4}, true},
		{DefaultSpec, 3, Class{"smtp.accounting", 5}, false},
		{DefaultSpec, 3, Class{"core.info", 4}, false},
		{"smtp.*:7,*:0", 10, Class{"smtp.request", 7}, true},
		{"smtp.*:7,*:0", 10, Class{"core.info", 3}, false},
		{"smtp.policy:1,smtp.*:7", 3, Class{"smtp.policy", 2}, false}, // the first that fits decides
		{"smtp.*:7,smtp.policy:1", 3, Class{"smtp.policy", 2}, true},
		{"a.*.c:9", 0, Class{"a.b.c", 9}, true},
		{"a.*.c:9", 0, Class{"a.b", 9}, false},
		{"a.*:9", 0, Class{"a.b.c", 9}, true}, // a star at the end stands for all that follow
		{"a.b:9", 0, Class{"a.b.c", 9}, false},
		{"a.b:9", 0, Class{"a", 9}, false},
		{" smtp.debug:6 , core.*:5 ", 0, Class{"core.x", 5}, true},
	} {
		spec, err := ParseSpec(c.spec)
		if err != nil {
			t.Errorf("%q: %v", c.spec, err)
			continue
		}
		v := NewVerbosity(c.verbose, spec)
		if got := v.wants(c.class); got != c.want {
			t.Errorf("%q, %d, %v: %v", c.spec, c.verbose, c.class, got)
		}
		h := New(nil, Options{Verbosity: v})
		if c.want && !h.Enabled(context.Background(), c.class.Level()) {
			t.Errorf("%q, %d, %v: wanted, and not enabled", c.spec, c.verbose, c.class)
		}
	}
}

func TestSpecIsMalformed(t *testing.T) {
	for text, want := range map[string]string{
		"smtp.policy":     `write smtp.policy:5`,
		"smtp.policy:x":   `a number from 0 to 10: write smtp.policy:5`,
		"smtp.policy:11":  `a number from 0 to 10`,
		"smtp.policy:-1":  `a number from 0 to 10`,
		"smtp.policy:3,":  `an item is empty`,
		"smtp..policy:3":  `* in place of any of its parts`,
		"smtp.pol*:3":     `* in place of any of its parts`,
		"smtp policy:3":   `* in place of any of its parts`,
		":3":              `* in place of any of its parts`,
		"a.b:3;c.d:4":     `a number from 0 to 10`,
		"a.b:1,,c.d:4":    `an item is empty`,
		"smtp.\x1b[31m:3": `* in place of any of its parts`,
	} {
		if s, err := ParseSpec(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

func TestSpecComesBack(t *testing.T) {
	s, err := ParseSpec(" smtp.*:7, core.policy:2")
	if err != nil || s.String() != "smtp.*:7,core.policy:2" {
		t.Errorf("%s, %v", s, err)
	}
}

func TestVerbosityChanges(t *testing.T) {
	v := NewVerbosity(9, nil)
	for i, want := range []int{10, 10, 9} {
		if got := v.Change([]int{1, 1, -1}[i]); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	v.Set(0, nil)
	if v.Change(-1) != 0 {
		t.Error("below 0")
	}
}

// TestLevels: a level tells verbosity as far as Enabled needs it.
func TestLevels(t *testing.T) {
	for n := range MaxVerbosity + 1 {
		if low := lowest(Level(n)); low > n || n >= debugging && low != n {
			t.Errorf("verbosity %d is of level %v, whose lowest is %d", n, Level(n), low)
		}
	}
}
