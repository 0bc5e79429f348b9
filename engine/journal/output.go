package journal

import (
	"io"
	"sync"
	"sync/atomic"
)

// Output is where records are written. What cannot be written is lost and counted, never tried again: a full disk or a
// closed pipe is no reason to stop.
type Output struct {
	mu     sync.Mutex
	to     io.Writer
	failed atomic.Int64
}

// NewOutput is an Output that writes to w.
func NewOutput(w io.Writer) *Output { return &Output{to: w} }

// Write implements io.Writer.
func (o *Output) Write(record []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n, err := o.to.Write(record); err != nil || n < len(record) {
		o.failed.Add(1)
	}
	return len(record), nil
}

// Failed is how many records could not be written.
func (o *Output) Failed() int64 {
	if o == nil {
		return 0
	}
	return o.failed.Load()
}
