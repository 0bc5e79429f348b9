package page

import (
	"strings"
	"testing"

	"zorpgo/engine"
	"zorpgo/engine/service"
)

func TestHistoryIsBounded(t *testing.T) {
	h := &History{}
	e := engine.Status{Services: []engine.ServiceStatus{{Service: &service.Service{Name: "in"}}, {Service: &service.Service{Name: "no", Deny: true}}}}
	for i := range 3 * samples {
		e.Sessions, e.Counts.Failures = int64(i), int64(i)
		h.Add(e)
	}
	list := h.of("")
	if len(list) != samples+1 || list[0].live != int64(2*samples-1) || list[samples].live != int64(3*samples-1) {
		t.Errorf("%d samples from %d to %d", len(list), list[0].live, list[len(list)-1].live)
	}
	if n := lately(list, int64(3*samples+4), func(s sample) int64 { return s.failures }); n != int64(samples+5) {
		t.Errorf("lately %d", n)
	}
	if len(h.of("in")) != samples+1 || h.of("no") != nil {
		t.Errorf("services: %d, %d", len(h.of("in")), len(h.of("no")))
	}
	h.Add(engine.Status{})
	if h.of("in") != nil {
		t.Error("a service that is no more is remembered")
	}
}

func TestSpark(t *testing.T) {
	if s := spark([]int64{1}, "live"); s.Line != "" || !strings.Contains(s.Label, "too little") {
		t.Errorf("%+v", s)
	}
	values := make([]int64, samples+1)
	values[10] = 500 // one peak
	s := spark(values, "live")
	if n := len(strings.Fields(s.Line)); n != points || !strings.Contains(s.Line, ",2.0 ") || s.Label != "live, last hour: now 0, at most 500" {
		t.Errorf("%d points, %+v", n, s)
	}
	if s = spark([]int64{0, 0, 4}, "live"); s.Line != "120.0,2.0" && !strings.HasSuffix(s.Line, "120.0,2.0") {
		t.Errorf("%+v", s)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(-1234567), "-1\u202f234\u202f567"}, {count(1000), "1\u202f000"},
		{size(0), "0 B"}, {size(999), "999 B"}, {size(1024), "1.0 KiB"}, {size(300 << 20), "300 MiB"}, {size(1 << 60), "1048576 TiB"},
		{lasting(-5), "0 s"}, {lasting(90e9), "1 min"}, {lasting(3 * 3600e9), "3 h 0 min"}, {lasting(49 * 3600e9), "2 days"},
		{plain("a\x00b\u2028\n'\"ü"), `a\x00b\u2028 '"ü`}, {plural(1, "x"), "1 x"}, {plural(0, "x"), "0 xs"},
	} {
		if c.got != c.want {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
	if n := len(plain(strings.Repeat("x", 1000))); n > longest+10 {
		t.Errorf("%d bytes", n)
	}
}
