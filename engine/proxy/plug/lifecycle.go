package plug

import (
	"fmt"

	"zorpgo/engine/session"
)

// Start runs the policy's StartUp and asks its Connect. A Connect that fails leaves the session without a server.
func (m *Machine) Start() (connect bool, err error) {
	if f := m.settings.StartUp; f != nil {
		if err := f(m.look()); err != nil {
			return false, err
		}
	}
	if m.settings.Connect == nil {
		return true, nil
	}
	connect, err = m.settings.Connect(m.look())
	switch {
	case err != nil:
		m.session.Log.Error("connectServer failed", "tag", "plug.error", "error", err)
		m.session.Deny(session.AbortedByPolicyAction, fmt.Sprintf("connectServer failed: %v", err))
	case !connect:
		m.session.Deny(session.DeniedByPolicy, "connectServer returned no server")
	}
	return connect && err == nil, nil
}

// Close gives the policy its last word.
func (m *Machine) Close() {
	if m.settings.ShutDown == nil {
		return
	}
	if err := m.settings.ShutDown(m.look()); err != nil {
		m.session.Log.Error("shutDown failed", "tag", "plug.error", "error", err)
	}
}
