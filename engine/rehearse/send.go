package rehearse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"zorpgo/engine/stream"
)

// Performance is one message on its way through the policy.
type Performance struct {
	Entrance Entrance
	Stored   []Received
	Refused  error // why it was not delivered; nil: it was

	lines       []line
	left, right string
}

// settling is how long the server side may take to end after the client has gone.
const settling = 5 * time.Second

// Send plays a client of e that sends m.
func (r *Rehearsal) Send(ctx context.Context, e Entrance, m Message) (*Performance, error) {
	r.play(e)
	r.recorder.start()
	conn, refused := stream.Dial(ctx, stream.Addr{AddrPort: e.Really}, stream.Source{})
	switch {
	case refused == nil:
		refused = speak(&tap{Conn: conn, recorder: r.recorder, side: clientSide}, m)
	case !errors.Is(refused, syscall.ECONNRESET): // a reset can be faster than the end of connect
		return nil, refused
	}
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	p := &Performance{Entrance: e, lines: r.recorder.stop(ctx)}
	r.mu.Lock()
	p.Stored = slices.Clone(r.received)
	r.mu.Unlock()
	if p.Refused = plain(refused); p.Refused == nil && len(p.Stored) == 0 {
		p.Refused = errors.New("no origin received it")
	}
	p.left = fmt.Sprintf("client %s <-> zorpgo %s", e.Client.Addr(), e.At)
	p.right = "zorpgo <-> server" + r.serverNames(e)
	return p, nil
}

func (r *Rehearsal) serverNames(e Entrance) string {
	var names []string
	for _, t := range r.targets(e) {
		names = append(names, t.String())
	}
	if who := r.decider(e); who != "" {
		names = append(names, "named by class "+who)
	}
	return " " + strings.Join(names, ", ") + r.source(e)
}

// plain is a client's error in the words of the reply that it got.
func plain(err error) error {
	var reply *smtp.SMTPError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &reply):
		return fmt.Errorf("the client was told %d %s", reply.Code, visible(reply.Message))
	case errors.Is(err, io.EOF):
		return errors.New("the connection was closed")
	case errors.Is(err, syscall.ECONNRESET):
		return errors.New("the connection was reset")
	}
	return err
}

// Write prints both dialogs side by side, and what was stored.
func (p *Performance) Write(w io.Writer) {
	writeTranscript(w, p.left, p.right, p.lines)
	for _, m := range p.Stored {
		fmt.Fprintln(w)
		WriteReceived(w, m)
	}
}
