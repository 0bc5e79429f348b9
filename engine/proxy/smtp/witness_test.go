package smtp

import (
	"bytes"
	"testing"

	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/session"
)

// witness sees which sides a protocol hangs up, and what it says last to the client.
type witness struct {
	proxy.Protocol
	hung    [2]bool
	closing bool
}

type witnessed struct {
	proxy.Exchange
	w *witness
}

func (x witnessed) Hangup(side proxy.Side) {
	x.w.hung[side] = true
	x.Exchange.Hangup(side)
}

func (x witnessed) Send(to proxy.Side, b []byte) {
	x.w.closing = x.w.closing || to == proxy.Client && bytes.HasPrefix(b, []byte("421"))
	x.Exchange.Send(to, b)
}

func (w *witness) Open(x proxy.Exchange, failure error) {
	w.hung[proxy.Server] = failure != nil
	w.Protocol.Open(witnessed{x, w}, failure)
}

func (w *witness) Receive(x proxy.Exchange, from proxy.Side, b []byte) int {
	return w.Protocol.Receive(witnessed{x, w}, from, b)
}

func (w *witness) Ended(x proxy.Exchange, side proxy.Side, why error) {
	w.Protocol.Ended(witnessed{x, w}, side, why)
}

func (w *witness) Secured(x proxy.Exchange, side proxy.Side, err error) {
	w.hung[side] = w.hung[side] || err != nil
	w.Protocol.(proxy.Securer).Secured(witnessed{x, w}, side, err)
}

func (w *witness) Session() *session.Session { return w.Protocol.(dialog.Sessional).Session() }

func (w *witness) Answered(x proxy.Exchange) { w.Protocol.Answered(witnessed{x, w}) }

// TestBothSidesAreClosed: with 421, and whenever the client is hung up.
func TestBothSidesAreClosed(t *testing.T) {
	for _, d := range transcripts(t) {
		if d.policy {
			continue
		}
		w := &witness{Protocol: d.machine(t)}
		if err := dialog.Play(w, d.text); err != nil {
			continue // for TestDialogs to report
		}
		if w.closing && !w.hung[proxy.Client] || w.hung[proxy.Client] && !w.hung[proxy.Server] {
			t.Errorf("%s: told 421: %t, hung up: %v", d.name, w.closing, w.hung)
		}
	}
}
