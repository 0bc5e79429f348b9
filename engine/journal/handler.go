package journal

import (
	"context"
	"log/slog"
	"slices"
	"strings"
)

// Options are what a Handler works with.
type Options struct {
	Verbosity *Verbosity // what is written
	Recent    *Recent    // is told of refusals, whatever is written; nil: nobody asks
	Repeats   *Repeats   // has events counted that repeat; nil: every record is written
}

// Handler is a slog.Handler that leaves records to another, after it has decided whether they are written and made them
// fit to be read.
type Handler struct {
	options *Options
	next    slog.Handler
	session string      // whose records these are; "": the engine's
	lines   lines       // write what they can in place of next
	begin   []slog.Attr // with lines: what next was not told yet
}

var _ slog.Handler = (*Handler)(nil)

// New is a Handler before next.
func New(next slog.Handler, o Options) *Handler { return &Handler{options: &o, next: next} }

// Text is a Handler that writes as slog.TextHandler does.
func Text(to *Output, o Options) *Handler {
	h := New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: everything}), o)
	h.lines.to = to
	return h
}

// JSON is a Handler that writes as slog.JSONHandler does.
func JSON(to *Output, o Options) *Handler {
	return New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: everything}), o)
}

// everything is the level of a handler that leaves it to this package what is written.
const everything = slog.Level(-1 << 10)

// Enabled implements slog.Handler: whether there is a tag whose records of that level are wanted.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return lowest(level) <= h.options.Verbosity.most() || h.options.Recent != nil && refused(ctx)
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if h.options.Recent != nil && refused(ctx) {
		h.options.Recent.note(h.session, &r)
	}
	c, said := classOf(&r)
	if !h.options.Verbosity.wants(c) {
		return nil
	}
	if !said {
		r = classed(r, c)
	}
	if !h.options.Repeats.admits(h, c, &r) {
		return nil
	}
	return h.write(r)
}

func (h *Handler) write(r slog.Record) error {
	r.Level = max(r.Level, slog.LevelDebug)
	if h.lines.write(&r) {
		return nil
	}
	return h.told().Handle(context.Background(), washed(r))
}

// told is next with all that each record begins with.
func (h *Handler) told() slog.Handler {
	if len(h.begin) == 0 {
		return h.next
	}
	return h.next.WithAttrs(slices.Clone(h.begin))
}

// classed is r with its class said.
func classed(r slog.Record, c Class) slog.Record {
	tag, verbosity := c.Attrs()
	n := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	for a := range r.Attrs {
		if a.Key != tagKey && a.Key != verbosityKey {
			n.AddAttrs(a)
		}
	}
	n.AddAttrs(tag, verbosity)
	return n
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	own := &Handler{options: h.options, session: h.session, lines: h.lines.with(attrs)}
	for i, a := range attrs {
		if a.Key == "session" {
			own.session = a.Value.String()
		}
		if clean, dirty := wash(a); dirty {
			attrs = append(append(append([]slog.Attr(nil), attrs[:i]...), clean), attrs[i+1:]...)
		}
	}
	if own.lines.to != nil {
		own.next, own.begin = h.next, append(slices.Clip(h.begin), attrs...)
	} else {
		own.next = h.told().WithAttrs(attrs)
	}
	return own
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{options: h.options, session: h.session, next: h.told().WithGroup(name)}
}

// service is the one of the session: the last part of its ID without its number.
func (h *Handler) service() string {
	name := h.session[strings.LastIndexByte(h.session, '/')+1:]
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	return name
}
