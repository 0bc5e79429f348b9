package main

import (
	"runtime"
	"testing"

	"zorpgo/engine"
	"zorpgo/engine/encryption"
	"zorpgo/engine/service"
)

func TestLoops(t *testing.T) {
	all := runtime.NumCPU()
	clear := &engine.Config{Services: map[string]*service.Service{"in": {}}}
	encrypted := &engine.Config{Services: map[string]*service.Service{"in": {}, "tls": {Encryption: &encryption.Policy{Server: encryption.ServerSide{Mode: encryption.Forward}}}}}
	none := &engine.Config{Services: map[string]*service.Service{"in": {Encryption: &encryption.Policy{}}}}
	for _, c := range []struct {
		asked  loops
		policy *engine.Config
		want   int
	}{
		{-1, clear, (all + 1) / 2},
		{-1, none, (all + 1) / 2},
		{-1, encrypted, all},
		{0, encrypted, 0},
		{7, clear, 7},
	} {
		if got := c.asked.of(c.policy); got != c.want {
			t.Errorf("--loops %d, %d services: %d, want %d", c.asked, len(c.policy.Services), got, c.want)
		}
	}
}
