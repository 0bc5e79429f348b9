package plug

// Start implements proxy.Starter.
func (m *Machine) Start() (connect bool, err error) {
	return m.settings.Begin(m.session, "plug.error", m.look)
}

// Close gives the policy its last word.
func (m *Machine) Close() { m.settings.End(m.session, "plug.error", m.look) }
