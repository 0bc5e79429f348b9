package plug

import (
	"math"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy/plug"
)

// settings are what the attributes set.
type settings struct {
	plug.Settings
	bufferSize int // has no effect
}

func defaults() *settings { return &settings{*plug.DefaultSettings(), 1500} }

const (
	packetInterval = "packet_stats_interval_packet"
	timeInterval   = "packet_stats_interval_time"
)

// Attributes are those of AbstractPlugProxy.
var Attributes = append([]*proxyclass.Attribute{
	boolean("copy_to_server", "TRUE", "FALSE throws away what the client sends", func(s *settings) any { return &s.CopyToServer }),
	boolean("copy_to_client", "TRUE", "FALSE throws away what the server sends", func(s *settings) any { return &s.CopyToClient }),
	boolean("shutdown_soft", "FALSE", "TRUE passes the end of one direction on and leaves the other one open; FALSE ends both",
		func(s *settings) any { return &s.ShutdownSoft }),
	number("timeout", "600000", "ms without a byte from either side after which both are closed", func(s *settings) any { return &s.Timeout }).Between(1, math.MaxInt32),
	number("buffer_size", "1500", "no effect: the engine reads as much at once as has come", func(s *settings) any { return &s.bufferSize }).Between(1, math.MaxInt32),
	interval(packetInterval, "packets of both sides together between two calls of packetStats, 0 = no such calls; a packet is what one read brings",
		func(s *settings) any { return &s.PacketStatsIntervalPacket }, "packet_stats_interval"),
	interval(timeInterval, "ms between two calls of packetStats, 0 = no such calls", func(s *settings) any { return &s.PacketStatsIntervalTime }),
	seen("bandwidth_to_client", "bytes a second that were sent to the client since the last packetStats, or since the session began",
		func(v *plug.View) any { return &v.BandwidthToClient }),
	seen("bandwidth_to_server", "bytes a second that were sent to the server since the last packetStats, or since the session began",
		func(v *plug.View) any { return &v.BandwidthToServer }),
	proxyclass.TLS(),
	proxyclass.EncryptionPolicy(func(s any) **encryption.Policy { return &s.(*settings).Encryption }),
	proxyclass.NotBuilt("stack_proxy", word.Any, "None", "content inspection is not built"),
	proxyclass.NotBuilt("secondary_sessions", word.Integer, "10", "each connection is a session of its own"),
	proxyclass.NotBuilt("secondary_mask", word.Integer, "15", "each connection is a session of its own"),
}, proxyclass.NotBuiltAnywhere()...)

func boolean(name, otherwise, doc string, setting func(*settings) any) *proxyclass.Attribute {
	return &proxyclass.Attribute{Name: name, Type: word.Boolean, Default: otherwise, Doc: doc, Setting: proxyclass.Field(setting)}
}

func number(name, otherwise, doc string, setting func(*settings) any) *proxyclass.Attribute {
	return &proxyclass.Attribute{Name: name, Type: word.Integer, Default: otherwise, Doc: doc, Setting: proxyclass.Field(setting)}
}

func interval(name, doc string, setting func(*settings) any, aliases ...string) *proxyclass.Attribute {
	a := number(name, "0", doc, setting).Between(0, math.MaxInt32)
	a.Aliases = aliases
	return a
}

func seen(name, doc string, view func(*plug.View) any) *proxyclass.Attribute {
	return &proxyclass.Attribute{Name: name, Type: word.Integer, Default: "0", Doc: doc, ReadOnly: true, View: proxyclass.Field(view)}
}

// kind is what all hosts have in common.
var kind = &proxyclass.Kind{Attributes: proxyclass.Index(Attributes), NoView: new(plug.View), Callbacks: "packetStats"}
