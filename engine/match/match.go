// Package match says whether a string is one that a policy means: a recipient, a host name, an address.
//
// A policy makes matchers (Zorp's MatcherPolicy and the matcher classes); the checks of a proxy ask them.
package match

import (
	"context"
	"errors"
)

// Matcher answers one pure question: does text match? It changes nothing, and any number of goroutines may ask.
// An error means that the answer is not known (a server did not reply, ctx ended); the asker must then refuse.
type Matcher interface {
	Match(ctx context.Context, text string) (bool, error)
}

// ErrFunction marks the error of a matcher that a policy wrote: its function failed. That is a fault of the policy, not a
// server that did not answer.
var ErrFunction = errors.New("the policy's matcher failed")
