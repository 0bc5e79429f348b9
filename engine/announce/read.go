package announce

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Source is a connection whose next bytes can be looked at without taking them.
type Source interface {
	io.Reader
	// Peek fills a part of b with what the next Reads will give. It waits for the first byte.
	Peek(b []byte) (int, error)
}

// The forms of a header and what they may take.
const (
	signature1 = "PROXY "
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"

	maxVersion1 = 107 // with CRLF
	fixed       = 16  // of version 2, before the addresses
	maxRest     = 4096
	maxHeader   = fixed + maxRest
)

// The faults of what stands where a header should.
var (
	ErrNone    = errors.New("it sent no PROXY header")
	ErrTooLong = errors.New("the PROXY header is too long")
)

// Read takes one header from a connection, and no byte after it. io.EOF: the connection ended before its first byte.
func Read(from Source) (Header, error) {
	buf := make([]byte, maxHeader)
	for have := 0; ; {
		n, err := from.Peek(buf[have:])
		if err != nil {
			return Header{}, ended(have, err)
		}
		size, whole, err := extent(buf[:have+n])
		if err != nil {
			return Header{}, err
		}
		if _, err := io.ReadFull(from, buf[have:size]); err != nil {
			return Header{}, ended(have, err)
		}
		if whole {
			return parse(buf[:size])
		}
		have = size
	}
}

func ended(have int, err error) error {
	if have > 0 && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// extent is how many of the bytes in b are the header's, which they begin; whole: they end it, too.
func extent(b []byte) (size int, whole bool, err error) {
	switch {
	case begins(b, signature1):
		line := b[:min(len(b), maxVersion1)]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			return end + 1, true, nil
		}
		if len(line) == maxVersion1 {
			return 0, false, ErrTooLong
		}
		return len(line), false, nil
	case begins(b, signature2):
		if len(b) < fixed {
			return len(b), false, nil
		}
		size = fixed + int(binary.BigEndian.Uint16(b[fixed-2:]))
		if size > maxHeader {
			return 0, false, ErrTooLong
		}
		return min(size, len(b)), size <= len(b), nil
	}
	return 0, false, ErrNone
}

// begins reports whether b begins with signature, or is a part of it.
func begins(b []byte, signature string) bool {
	n := min(len(b), len(signature))
	return string(b[:n]) == signature[:n]
}
