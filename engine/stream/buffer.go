package stream

import "sync"

// The sizes of pooled buffers: for dialogs, and for bulk data or what a protocol cannot decide on yet.
const (
	SmallBuffer = 16 << 10
	LargeBuffer = 128 << 10
)

// The pools hold pointers to arrays: a slice would be allocated anew each time that it is put into an interface.
var (
	small = sync.Pool{New: func() any { return new([SmallBuffer]byte) }}
	large = sync.Pool{New: func() any { return new([LargeBuffer]byte) }}
)

// Borrow takes a buffer out of the pool: SmallBuffer bytes, or LargeBuffer if size is more than that. What an earlier
// borrower wrote is still in it.
func Borrow(size int) []byte {
	if size <= SmallBuffer {
		return small.Get().(*[SmallBuffer]byte)[:]
	}
	return large.Get().(*[LargeBuffer]byte)[:]
}

// GiveBack returns what Borrow gave, all of it; nobody may use it any more.
func GiveBack(b []byte) {
	if len(b) == SmallBuffer {
		small.Put((*[SmallBuffer]byte)(b))
		return
	}
	large.Put((*[LargeBuffer]byte)(b))
}
