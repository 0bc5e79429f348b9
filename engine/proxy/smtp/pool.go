package smtp

import "zorpgo/engine/proxy"

// leave is QUIT where the server's connection may serve another session: the server has to forget the transaction, then
// the client is answered here. A login would stay with the connection (RFC 4954 §4), so it is not left to others.
func (m *Machine) leave(x proxy.Exchange) bool {
	k, ok := x.(proxy.Keeper)
	if !ok || m.greeting == nil || len(m.queue) > 0 || m.is(flagLoggedIn) || !k.MayKeep() {
		return false
	}
	m.set(flagLeaving)
	m.resetServer(x)
	return true
}

// left ends the session once the server has forgotten its transaction.
func (m *Machine) left(x proxy.Exchange) {
	x.(proxy.Keeper).Keep(m.greeting)
	m.bye(x)
}

// bye answers QUIT here and ends the client's side.
func (m *Machine) bye(x proxy.Exchange) {
	m.reply(x, &answerBye)
	m.phase = phaseDone
	x.Hangup(proxy.Client)
}
