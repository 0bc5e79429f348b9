package plug

import (
	"fmt"
	"math"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Settings are what a policy says about a relay: the attributes of Zorp's AbstractPlugProxy under their names. They are
// not changed once a session uses them.
type Settings struct {
	CopyToServer bool          // FALSE: what the client sends is thrown away
	CopyToClient bool          // FALSE: what the server sends is thrown away
	Timeout      time.Duration // without a byte from either side
	ShutdownSoft bool          // the end of one direction leaves the other one open

	PacketStatsIntervalPacket int           // pieces of both sides between two calls of PacketStats; 0: no such calls
	PacketStatsIntervalTime   time.Duration // time between two calls of PacketStats; 0: no such calls

	PacketStats func(*View) (bool, error) // whether the session goes on; an error ends it; may be nil
	proxy.Hooks[*View]

	Encryption *encryption.Policy // encryption_policy: where the service has none
}

// View is what a policy sees of a session.
type View struct {
	Session *session.Session
	Stats   Stats
	// Bytes a second that were sent since the last PacketStats, or since the session began.
	BandwidthToClient, BandwidthToServer int64

	Self any // kept for the functions of this session by whoever made them
}

// Stats count what was read from both sides so far. A packet is what one read brought.
type Stats struct{ ClientBytes, ClientPackets, ServerBytes, ServerPackets int64 }

// DefaultSettings are Zorp's.
func DefaultSettings() *Settings {
	return &Settings{CopyToServer: true, CopyToClient: true, Timeout: 10 * time.Minute}
}

// Class is a proxy class of a policy: its settings, checked. It is shared by all its sessions.
type Class struct {
	name     string
	settings *Settings
}

var (
	_ proxy.Class     = (*Class)(nil)
	_ proxy.Prompt    = (*Class)(nil)
	_ proxy.Opaque    = (*Class)(nil)
	_ proxy.Encrypted = (*Class)(nil)
)

// Compile checks s and makes a class of it. All problems are returned; with any the class is nil.
func Compile(name string, s *Settings) (*Class, []error) {
	var problems []error
	limit := func(attribute string, value, least time.Duration) {
		if value < least || value > math.MaxInt32*time.Millisecond {
			problems = append(problems, fmt.Errorf("%s: %d is not between %d and %d", attribute, value.Milliseconds(), least.Milliseconds(), math.MaxInt32))
		}
	}
	limit("timeout", s.Timeout, time.Millisecond)
	limit("packet_stats_interval_time", s.PacketStatsIntervalTime, 0)
	if s.PacketStatsIntervalPacket < 0 {
		problems = append(problems, fmt.Errorf("packet_stats_interval_packet: %d is below 0", s.PacketStatsIntervalPacket))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return &Class{name, s}, nil
}

// Name is the class's name in the policy.
func (c *Class) Name() string { return c.name }

// Settings are what the class was compiled from.
func (c *Class) Settings() *Settings { return c.settings }

// Opaque implements proxy.Opaque.
func (c *Class) Opaque() bool { return true }

// Encryption implements proxy.Encrypted.
func (c *Class) Encryption() *encryption.Policy { return c.settings.Encryption }

// Busy is nothing: there is nothing to say that every protocol understands.
func (c *Class) Busy() []byte { return nil }

// Prompt implements proxy.Prompt: a session without functions of the policy never has to wait for one.
func (c *Class) Prompt() bool {
	s := c.settings
	return s.StartUp == nil && s.Connect == nil && s.PacketStats == nil && s.ShutDown == nil
}

// New makes the machine of a session.
func (c *Class) New(s *session.Session) (proxy.Protocol, error) { return c.NewWith(s, nil), nil }

// NewWith makes the machine of a session whose functions find self in their View.
func (c *Class) NewWith(s *session.Session, self any) proxy.Protocol {
	if s.Encryption == nil {
		s.Encryption = c.settings.Encryption
	}
	return &Machine{settings: c.settings, session: s, self: self, now: time.Now}
}
