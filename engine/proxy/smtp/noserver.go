package smtp

import (
	"strconv"

	"zorpgo/engine/proxy"
)

// unconnected is the greeting in place of a server that is not there.
func (m *Machine) unconnected() []byte {
	m.refusedBy = m.settings.UnconnectedResponseCode / 100
	return []byte(strconv.Itoa(m.settings.UnconnectedResponseCode) + " " + notAvailable)
}

const notAvailable = "Server not available\r\n"

// withoutServer answers a command when there is no server: with the class of the greeting, so that a client does not
// take for permanent what is not.
func (m *Machine) withoutServer(x proxy.Exchange, name []byte) {
	if verbOf(name) == verbQUIT {
		m.reply(x, &answerBye)
		m.done(x)
		return
	}
	code := "451 "
	if m.refusedBy == 5 {
		code = "503 "
	}
	m.countRefusal(ReasonServer)
	m.local(x, []byte(code+notAvailable))
	m.countError(x)
}
