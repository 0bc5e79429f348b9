package smtp

// Start implements proxy.Starter.
func (m *Machine) Start() (connect bool, err error) {
	return m.settings.Begin(m.session, "smtp.error", m.look)
}

func (m *Machine) shutDown() { m.settings.End(m.session, "smtp.error", m.look) }
