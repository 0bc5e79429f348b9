package smtp

import (
	"bytes"
	"math"
	"strconv"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// chunk is a BDAT chunk of the client (RFC 3030) on its way to the server. It may go there in pieces, each a chunk of
// its own, so that nothing is announced that is not there and checked.
type chunk struct {
	left  int64 // octets of it that are still to come
	last  bool  // it ends the message
	split bool  // it goes in pieces
	carry bool  // a CR that ended the piece before: whether its LF follows decides if it goes on
}

// A chunk of up to wholeChunk octets goes to the server as it came. What of a larger one goes there at once is at least
// pieceSize, but for its end; a server that counts octets in its reply then counts those of the last piece.
const (
	wholeChunk = proxy.MaxUnused
	pieceSize  = 32 << 10
)

// parseChunk: BDAT size [LAST]. Without a certain size nothing that follows can be understood, so that is fatal.
func (m *Machine) parseChunk(param []byte) (certain bool) {
	size, rest, more := bytes.Cut(param, space)
	n, err := strconv.ParseInt(string(size), 10, 64)
	if err != nil || !isDigit(size[0]) || n > math.MaxInt64/2 || more && !equalFold(trimSpace(rest), "LAST") {
		return false
	}
	m.chunk.left, m.chunk.last, m.chunk.split = n, more, false
	return true
}

// checkChunk decides whether a chunk may come now.
func (m *Machine) checkChunk() *answer {
	switch {
	case m.active&extChunking == 0:
		return &answerUnbuilt
	case m.is(flagPoisoned):
		return &answerPoisoned
	case m.is(flagChunkRefused):
		return &answerOrder
	case m.state == stateMail && m.asked > 0:
		return &answerNoRcpt
	case m.state != stateRcpt:
		return &answerOrder
	case m.sizeLimit > 0 && m.size+m.chunk.left > m.sizeLimit:
		return &answerTooBig
	}
	return nil
}

// beginChunk goes on with a chunk that policy accepted.
func (m *Machine) beginChunk(x proxy.Exchange) {
	first := !m.is(flagChunks)
	m.phase = phaseChunk
	m.awaitClient(x, m.settings.Limits.TimeoutDataBlock)
	if first {
		m.set(flagChunks)
		m.beginContent()
	}
	if first && m.settings.AddReceivedHeader {
		m.askReceived(x, m.chunkReady)
		return
	}
	m.chunkReady(x)
}

// chunkReady waits for octets; an empty chunk has none to wait for.
func (m *Machine) chunkReady(x proxy.Exchange) {
	if m.chunk.left == 0 {
		m.sendPiece(x, nil)
	}
}

// receiveChunk takes octets of a chunk.
func (m *Machine) receiveChunk(x proxy.Exchange, data []byte) int {
	n := int(min(m.chunk.left, int64(len(data))))
	if int64(n) < m.chunk.left && (n < pieceSize || m.chunk.left <= wholeChunk && !m.chunk.split) {
		return 0
	}
	m.chunk.split = true
	m.sendPiece(x, data[:n])
	return n
}

// sendPiece gives the server one piece as a chunk, if its octets may pass. Where the client's chunk goes on the server's
// reply is not the client's.
func (m *Machine) sendPiece(x proxy.Exchange, piece []byte) {
	m.chunk.left -= int64(len(piece))
	end := m.chunk.left == 0
	last := end && m.chunk.last
	lead, piece, bad := m.checkPiece(piece, last)
	if bad == nil {
		bad = m.inspect(piece, 0)
	}
	if bad != nil {
		m.refuseContent(x, bad)
		return
	}
	m.size += int64(len(lead) + len(piece))
	m.announce(x, len(m.received)+len(lead)+len(piece), last)
	x.Send(proxy.Server, m.received)
	x.Send(proxy.Server, lead)
	x.Pass(proxy.Server, piece)
	m.received = nil
	m.queue = append(m.queue, exchange{verb: verbBDAT, key: verbBDAT, swallow: !end, final: last})
	m.set(flagBarrier)
	if end {
		m.phase = phaseCommand
	}
	m.awaitServer(x, m.settings.Limits.TimeoutDataEnd)
}

// checkPiece refuses a lone CR or LF and NUL, unless the message is binary. A CR at the end of a piece is kept back, and
// leads the next.
func (m *Machine) checkPiece(piece []byte, last bool) (lead, rest []byte, bad *answer) {
	if m.is(flagBinary) {
		return nil, piece, nil
	}
	lines := 0
	if m.chunk.carry && len(piece) > 0 {
		if piece[0] != '\n' {
			return nil, nil, &answerContent
		}
		m.chunk.carry = false
		lead, lines = crlf[:1], 1
	}
	if n := len(piece); n > 0 && piece[n-1] == '\r' {
		m.chunk.carry = true
		piece = piece[:n-1]
	}
	pairs := bytes.Count(piece, crlf)
	if last && m.chunk.carry || bytes.IndexByte(piece, 0) >= 0 ||
		bytes.Count(piece, crlf[:1]) != pairs || bytes.Count(piece, crlf[1:]) != pairs+lines {
		return nil, nil, &answerContent
	}
	return lead, piece, nil
}

func (m *Machine) announce(x proxy.Exchange, size int, last bool) {
	m.param = strconv.AppendInt(append(m.param[:0], "BDAT "...), int64(size), 10)
	if last {
		m.param = append(m.param, " LAST"...)
	}
	m.param = append(m.param, crlf...)
	x.Send(proxy.Server, m.param)
}

// pieceAnswered goes on with a chunk whose piece the server took, or throws the rest of it away and then gives the
// client the server's refusal.
func (m *Machine) pieceAnswered(x proxy.Exchange, r reply) {
	m.next(x)
	if r.class() == 2 {
		m.awaitClient(x, m.settings.Limits.TimeoutDataBlock)
		return
	}
	m.phase = phaseCommand
	m.skip, m.skipAnswer = m.chunk.left, bytes.Clone(r.raw)
	m.chunk = chunk{}
}

// refuseUncertain ends a session whose octets cannot be counted any more.
func (m *Machine) refuseUncertain(x proxy.Exchange) {
	m.session.Abort(violation, session.AbortedByPolicyAction, "BDAT without a certain size")
	m.closing(x, &answerSyntax)
}

// skipChunk throws away what is left of a refused chunk; then its one reply is given.
func (m *Machine) skipChunk(x proxy.Exchange, data []byte) int {
	n := int(min(m.skip, int64(len(data))))
	m.skip -= int64(n)
	m.drain += int64(n)
	switch {
	case m.drain > maxDiscard, m.tooSlow(n):
		m.done(x)
	case m.skip == 0:
		m.local(x, m.skipAnswer)
		m.skipAnswer = nil
		if m.is(flagDoomed) {
			m.done(x)
			return n
		}
		m.countError(x)
		m.endPoisoned(x)
	default:
		x.Await(proxy.Client, m.within(m.settings.Limits.TimeoutDataBlock))
	}
	return n
}
