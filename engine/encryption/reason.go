package encryption

import (
	"context"
	"errors"
	"os"
	"strings"
)

// maxReason bounds what is said of a failed handshake.
const maxReason = 300

// Reason says why a handshake failed, in printable characters: certificates hold names that their owners chose.
func Reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return "the handshake took too long"
	}
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, err.Error())
	return text[:min(len(text), maxReason)]
}
