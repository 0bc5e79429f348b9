// Package plug relays bytes between a client and a server without looking at them: the protocol for what no other
// proxy knows.
//
// A Class holds what a policy says about it (Zorp's PlugProxy); a Machine is one session. The machine does no I/O: a
// driver of package proxy feeds it.
package plug
