package main

import (
	"log/slog"
	"math"
	"strings"
	"testing"
)

func TestConnectionsFor(t *testing.T) {
	for files, want := range map[uint64]int{
		0: 1, 2: 1, 64: 16, 256: 88, 1024: 448, 20_000: 9343, 1 << 20: 491_488, math.MaxUint64: math.MaxInt32,
	} {
		if got := connectionsFor(files); got != want {
			t.Errorf("%d files allow %d connections, want %d", files, got, want)
		}
	}
}

func TestMoreConnectionsThanFiles(t *testing.T) {
	var b strings.Builder
	s := &server{most: math.MaxInt32}
	if got := s.maxConnections(slog.New(slog.NewTextHandler(&b, nil))); got != math.MaxInt32 || !strings.Contains(b.String(), "allows fewer connections than --max-connections") {
		t.Errorf("%d connections; %s", got, &b)
	}
}
