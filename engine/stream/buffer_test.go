package stream

import "testing"

func TestBorrowSizes(t *testing.T) {
	for _, c := range []struct{ ask, want int }{
		{0, SmallBuffer}, {SmallBuffer, SmallBuffer}, {SmallBuffer + 1, LargeBuffer}, {LargeBuffer, LargeBuffer},
	} {
		b := Borrow(c.ask)
		if len(b) != c.want || cap(b) != c.want {
			t.Errorf("Borrow(%d): len %d cap %d, want %d", c.ask, len(b), cap(b), c.want)
		}
		GiveBack(b)
	}
}

func TestGiveBackRefusesPieces(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a part of a buffer was taken back")
		}
	}()
	GiveBack(Borrow(LargeBuffer)[:100])
}

func BenchmarkBorrow(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		GiveBack(Borrow(SmallBuffer))
	}
}
