// Package service is what is done with a connection that a rule gave to it.
//
// A policy declares services; a dispatcher runs one per connection. A service counts its sessions, keeps to its limit,
// asks its router for the targets, and has the protocol served over both connections.
package service

import (
	"net/netip"
	"sync/atomic"

	"zorpgo/engine/chain"
	"zorpgo/engine/encryption"
	"zorpgo/engine/limit"
	"zorpgo/engine/nat"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// Service says how the connections of the rules that name it are handled (Zorp's Service).
type Service struct {
	Name             string
	Pos              source.Pos
	Deny             bool   // no session, the connection is reset (Zorp's DenyService); the rest counts nothing
	DenyIPv4         string // what a packet filter answers, in nft's words: "tcp reset", "icmp port-unreachable"; "": nothing
	DenyIPv6         string
	Quiet            bool // of Deny: a refused connection is not logged
	Class            proxy.Class
	Router           route.Router       // nil is a route.Transparent
	Chainer          chain.Chainer      // nil is a chain.Connect
	SNAT, DNAT       *nat.Policy        // translate the client's address for the server to see, and the targets; nil: neither
	Encryption       *encryption.Policy // TLS of both sides; nil leaves it to the class, see proxy.Encrypted
	Announce         int                // the version of the PROXY header that tells the server of the client, 1 or 2; 0: none
	MaxInstances     int                // sessions at a time; 0 is no limit
	Limits           limit.Limits       // the others; its Sessions is not used
	Keepalive        Keepalive
	Resolver         route.Resolver // of hosts that are named in a session; nil: none is known
	LimitTargetZones []string       // the server's zone or one of its parents must be here; empty is no limit

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

// ShowsClient reports whether servers see the clients' addresses.
func (v *Service) ShowsClient() bool {
	if v.SNAT != nil {
		_, forges := v.SNAT.NAT.(nat.ForgeClient)
		return forges
	}
	return v.Routing().Forging().Addr
}

// Sources are the networks of the addresses, beside those that the kernel chooses, that servers may see instead of
// clients of family f; chosen: the kernel may choose one; not known: the policy decides in the session.
func (v *Service) Sources(f stream.Family) (networks []netip.Prefix, chosen, known bool) {
	forges := v.Routing().Forging().Addr
	if v.SNAT == nil {
		if forges {
			return []netip.Prefix{nat.Everything(f)}, false, true
		}
		return nil, true, true
	}
	o, known := v.SNAT.Outcome(f, nat.Source)
	if o.Silent && forges {
		return append(o.Networks, nat.Everything(f)), false, known
	}
	return o.Networks, o.Silent, known
}

// plan is what the router decides for s, and what v adds to it.
func (v *Service) plan(s *session.Session) route.Plan {
	p := v.Routing().Route(s)
	p.Zones, p.SNAT, p.DNAT, p.Announce = v.LimitTargetZones, v.SNAT, v.DNAT, v.Announce
	if len(s.Targets) > 0 {
		p.Targets = s.Targets
	}
	return p
}

func (v *Service) chainer() chain.Chainer {
	if v.Chainer == nil {
		return &chain.Connect{}
	}
	return v.Chainer
}

// prompt reports whether v can connect without waiting for anything but the server.
func (v *Service) prompt() bool {
	_, decides := v.Routing().(route.Deciding)
	return !decides && (v.SNAT == nil || v.SNAT.Prompt()) && (v.DNAT == nil || v.DNAT.Prompt())
}
