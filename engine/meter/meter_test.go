package meter

import (
	"crypto/tls"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h Histogram
	for _, took := range []time.Duration{0, 100 * time.Microsecond, 2 * time.Millisecond, time.Hour} {
		h.Observe(took)
	}
	n, sum, below := h.Counts()
	if n != 4 || sum < 3600 || below[0.0001] != 2 || below[0.001] != 2 || below[0.005] != 3 || below[30] != 3 {
		t.Errorf("%d, %g, %v", n, sum, below)
	}
}

func TestVersions(t *testing.T) {
	for v, want := range map[uint16]int{0: 0, tls.VersionTLS10: 1, tls.VersionTLS12: 3, tls.VersionTLS13: 4, 0x7f00: 4} {
		if got := version(v); got != want {
			t.Errorf("version %#x is %d, not %d", v, got, want)
		}
	}
}

// TestNobodyCounts: sessions without a service have nowhere to count.
func TestNobodyCounts(t *testing.T) {
	var m *Service
	m.AddRead(0, 1)
	m.AddWritten(1, 1)
	m.Command(0)
	m.Reply(0, 2)
	m.Refusal(0)
	m.Transaction()
	m.Message()
	m.Connected(0)
	m.Failed(Other)
	m.Function("f", 0)
	m.End(0, 0, 0)
}

func BenchmarkCount(b *testing.B) {
	m := &Service{}
	for b.Loop() {
		m.Command(3)
	}
}
