// Package service is what is done with a connection that a rule gave to it.
//
// A policy declares services; a dispatcher runs one per connection. A service counts its sessions, keeps to its limit,
// asks its router for the targets, and has the protocol served over both connections.
package service

import (
	"sync/atomic"

	"zorpgo/engine/chain"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/source"
)

// Service says how the connections of the rules that name it are handled (Zorp's Service).
type Service struct {
	Name             string
	Pos              source.Pos
	Deny             bool // no session, the connection is reset (Zorp's DenyService); the rest counts nothing
	Class            proxy.Class
	Router           route.Router  // nil is a route.Transparent
	Chainer          chain.Chainer // nil is a chain.Connect
	MaxInstances     int           // sessions at a time; 0 is no limit
	Keepalive        Keepalive
	LimitTargetZones []string // the server's zone or one of its parents must be here; empty is no limit

	counts atomic.Pointer[counts]
}

// Keepalive says on which sides TCP keep-alive is on.
type Keepalive int

// The values of Keepalive, with Zorp's numbers.
const (
	KeepaliveNone Keepalive = iota
	KeepaliveClient
	KeepaliveServer
	KeepaliveBoth
)

// Routing is the router of v.
func (v *Service) Routing() route.Router {
	if v.Router == nil {
		return &route.Transparent{}
	}
	return v.Router
}

func (v *Service) chainer() chain.Chainer {
	if v.Chainer == nil {
		return &chain.Connect{}
	}
	return v.Chainer
}
