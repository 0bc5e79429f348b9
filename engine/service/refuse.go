package service

import (
	"io"
	"net"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/limit"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// What clients that are turned away may cost.
const (
	farewellTime  = time.Second
	farewellBytes = 64 << 10
	farewells     = 64 // that a service waits for at a time
)

// TurnAway is Run of a connection that is one too many for the whole process.
func (v *Service) TurnAway(env *Env, s *session.Session, client net.Conn, reason string) {
	v.number(env, s)
	v.refuse(s, client, limit.Connections, reason)
}

// refuse ends a session that has not begun.
func (v *Service) refuse(s *session.Session, client net.Conn, k limit.Kind, reason string) {
	s.Abort(limits, session.DeniedByLimit, reason)
	c := v.counter()
	c.table.Refuse(k)
	patient := c.leaving.Add(1) <= farewells
	defer c.leaving.Add(-1)
	s.Count.ToClient += turnAway(client, v.busy(k), patient)
}

// busy is what a client hears over a limit: nothing where it would be in clear and the client expects TLS.
func (v *Service) busy(k limit.Kind) []byte {
	if p := v.Encrypts(); p != nil && p.Client.Mode == encryption.Implicit {
		return nil
	}
	if class, ok := v.Class.(proxy.Crowded); ok && k != limit.Sessions {
		return class.Crowded()
	}
	return v.Class.Busy()
}

// turnAway says text and closes, patiently such that also a client that has sent something can read it. It returns how
// much was written.
func turnAway(client net.Conn, text []byte, patient bool) int64 {
	defer client.Close()
	if len(text) == 0 || client.SetDeadline(time.Now().Add(farewellTime)) != nil {
		return 0
	}
	n, err := client.Write(text)
	if err == nil && patient {
		hear(client)
	}
	return int64(n)
}

// hear lets a client read what it was sent before the connection is closed.
func hear(client net.Conn) {
	if half, ok := client.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		// closing over unread bytes would send a reset, which can overtake the text
		_, _ = io.CopyN(io.Discard, client, farewellBytes)
	}
}
