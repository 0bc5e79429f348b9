package plug

import (
	"io"
	"runtime"
	"testing"
	"time"
)

// There is no allocation for a piece, however large, and none for one that waits for a slow reader.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops buffers under the race detector")
	}
	inBoth(t, func(t *testing.T, driver string) {
		for _, size := range []int{10, 100 << 10} {
			r := run(t, driver, func(*Settings) {}, true)
			piece, got := make([]byte, size), make([]byte, size)
			n := testing.AllocsPerRun(300, func() {
				r.client.Write(piece)
				io.ReadFull(r.server, got)
				r.server.Write(piece)
				io.ReadFull(r.client, got)
			})
			if n != 0 {
				t.Errorf("%d bytes: %v allocations", size, n)
			}
		}
	})
}

// The memory that a relay takes does not depend on how much it relays.
func TestConstantAlloc(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops buffers under the race detector")
	}
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, func(*Settings) {}, true)
		slowly := func(size int) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			go func() {
				piece := make([]byte, 256<<10)
				for range size / len(piece) {
					r.server.Write(piece)
				}
			}()
			got := make([]byte, 64<<10)
			for left := size; left > 0; left -= len(got) {
				if _, err := io.ReadFull(r.client, got); err != nil {
					t.Fatal(err)
				}
				if left%(4<<20) == 0 {
					time.Sleep(time.Millisecond) // the sockets fill up
				}
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		slowly(1 << 20)
		if bytes := slowly(64 << 20); bytes > 2<<20 {
			t.Errorf("64 MiB took %d bytes of memory", bytes)
		}
	})
}

func BenchmarkBulk(b *testing.B) {
	for driver := range drivers {
		b.Run(driver, func(b *testing.B) {
			r := run(b, driver, func(*Settings) {}, true)
			r.client.SetDeadline(time.Time{})
			r.server.SetDeadline(time.Time{})
			piece, got := make([]byte, 128<<10), make([]byte, 128<<10)
			b.SetBytes(int64(len(piece)))
			b.ReportAllocs()
			go func() {
				for range b.N {
					r.client.Write(piece)
				}
			}()
			b.ResetTimer()
			for range b.N {
				if _, err := io.ReadFull(r.server, got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
