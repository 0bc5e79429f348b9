package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"zorpgo/engine"
	"zorpgo/engine/encryption"
)

// loops is how many event loops keep the sessions; less than 0: as many as the policy asks for.
type loops int

func (l *loops) flag(cmd *cobra.Command) {
	cmd.Flags().IntVar((*int)(l), "loops", -1, "event loops that keep the sessions; 0: goroutines")
	cmd.Flags().Lookup("loops").DefValue = "half the processors, or all of them if sessions are encrypted"
}

// of is how many there are for a policy. The kernel's work for a session in clear, done while the session's loop writes, keeps
// as many processors busy as the loops do; where sessions are encrypted it is the loops that have most of the work.
func (l loops) of(c *engine.Config) int {
	switch n := runtime.NumCPU(); {
	case l >= 0:
		return int(l)
	case encrypts(c):
		return n
	default:
		return (n + 1) / 2
	}
}

func encrypts(c *engine.Config) bool {
	for _, s := range c.Services {
		if p := s.Encrypts(); p != nil && (p.Client.Mode != encryption.Plain || p.Server.Mode != encryption.Plain) {
			return true
		}
	}
	return false
}
