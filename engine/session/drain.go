package session

// Drain asks a session that has goroutines of its own to end as soon as it can. It may take its time.
func (s *Session) Drain() {
	s.Mu.Lock()
	s.Draining = true
	retire := s.Retire
	s.Mu.Unlock()
	if retire != nil {
		retire()
	}
}
