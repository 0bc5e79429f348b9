package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"net"
	"sync"
	"sync/atomic"
)

// origin is the server behind the proxies. It takes every message, and checks that it is the one that was sent.
type origin struct {
	listeners [layers]net.Listener
	sessions  sync.WaitGroup
	mail      atomic.Pointer[mail]
	tls       [2]*tls.Config // without resumption, and with
	resumes   atomic.Bool

	messages, bytes atomic.Int64
	wrong           atomic.Int64 // messages that are not what was sent

	mu   sync.Mutex
	open map[net.Conn]bool
}

// mail is a message that is sent again and again.
type mail struct {
	text []byte
	sum  uint32
}

func newMail(size int) *mail {
	text := content(size)
	return &mail{text: text, sum: crc32.Checksum(text, castagnoli)}
}

// castagnoli is the polynomial that processors know.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// quiet listens and dials without keep-alive, which costs system calls.
var (
	quietListen = net.ListenConfig{KeepAlive: -1}
	quietDial   = net.Dialer{KeepAlive: -1}
)

func newOrigin(ctx context.Context, i *identity) (*origin, error) {
	o := &origin{open: map[net.Conn]bool{}, tls: [2]*tls.Config{i.server(false), i.server(true)}}
	o.mail.Store(newMail(small))
	for n := range o.listeners {
		l, err := quietListen.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			o.close()
			return nil, fmt.Errorf("open the origin: %w", err)
		}
		o.listeners[n] = l
		o.sessions.Go(func() { o.accept(l, layer(n)) })
	}
	return o, nil
}

// addr is where it speaks so.
func (o *origin) addr(l layer) string { return o.listeners[l].Addr().String() }

// expect has the origin count from nothing, and want messages that are m.
func (o *origin) expect(m *mail, resumed bool) {
	o.resumes.Store(resumed)
	o.mail.Store(m)
	o.messages.Store(0)
	o.bytes.Store(0)
	o.wrong.Store(0)
}

// accept serves until close.
func (o *origin) accept(l net.Listener, speaks layer) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.open[conn] = true
		o.mu.Unlock()
		o.sessions.Go(func() { o.serve(conn, speaks) })
	}
}

func (o *origin) serve(conn net.Conn, speaks layer) {
	defer func() {
		conn.Close()
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.open, conn)
	}()
	r := &receiver{origin: o, conn: conn, offers: speaks == startTLS}
	if speaks == implicit {
		r.encrypt()
	}
	r.serve()
}

// close ends all sessions.
func (o *origin) close() {
	for _, l := range o.listeners {
		if l != nil {
			l.Close()
		}
	}
	o.mu.Lock()
	for conn := range o.open {
		conn.Close()
	}
	o.mu.Unlock()
	o.sessions.Wait()
}

// check compares what the origin got with what the clients had confirmed; a proxy may have added to the messages.
func (o *origin) check(confirmed int64, adds bool) error {
	m, got, size := o.mail.Load(), o.messages.Load(), o.bytes.Load()
	want := confirmed * int64(len(m.text))
	switch {
	case got != confirmed:
		return fmt.Errorf("the clients had %d messages confirmed, the origin got %d", confirmed, got)
	case adds && size < want, !adds && size != want:
		return fmt.Errorf("%d bytes were sent, the origin got %d", want, size)
	case !adds && o.wrong.Load() > 0:
		return fmt.Errorf("%d of %d messages reached the origin changed", o.wrong.Load(), got)
	}
	return nil
}

// receiver is one session at the origin. It answers all commands that came together by one write.
type receiver struct {
	origin *origin
	conn   net.Conn
	out    []byte
	left   bool // QUIT was said
	offers bool // STARTTLS
	turns  bool // to TLS, once what is said is written

	taking bool // mail data
	size   int
	sum    uint32
	tail   []byte // the last bytes of the mail data
}

const (
	greeting   = "220 origin.bench.example ESMTP\r\n"
	extensions = "250-origin.bench.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN\r\n"
	endOfData  = "\r\n.\r\n"
)

// encrypt has all that follows go through TLS; the handshake is made by the first read or write.
func (r *receiver) encrypt() {
	n := 0
	if r.origin.resumes.Load() {
		n = 1
	}
	r.conn, r.offers = tls.Server(r.conn, r.origin.tls[n]), false
}

func (r *receiver) serve() {
	if _, err := r.conn.Write([]byte(greeting)); err != nil {
		return
	}
	buf := make([]byte, min(max(len(r.origin.mail.Load().text), small), 256<<10))
	for have := 0; !r.left; {
		n, err := r.conn.Read(buf[have:])
		if err != nil {
			return
		}
		rest := r.take(buf[:have+n])
		have = copy(buf, rest)
		if len(r.out) > 0 {
			if _, err := r.conn.Write(r.out); err != nil {
				return
			}
			r.out = r.out[:0]
		}
		if r.turns {
			r.turns = false
			r.encrypt()
		}
	}
}

// take deals with what came and returns what is not a whole command yet.
func (r *receiver) take(in []byte) []byte {
	for len(in) > 0 {
		if r.taking {
			r.data(in)
			return nil
		}
		line := bytes.IndexByte(in, '\n') + 1
		if line == 0 {
			break
		}
		r.out = append(r.out, r.answer(in[:line])...)
		in = in[line:]
	}
	return in
}

func (r *receiver) answer(line []byte) string {
	if len(line) < 4 {
		return "500 5.5.2 No command\r\n"
	}
	switch string(bytes.ToUpper(line[:4])) {
	case "EHLO":
		if r.offers {
			return "250-origin.bench.example\r\n250-STARTTLS\r\n" + extensions[len("250-origin.bench.example\r\n"):]
		}
		return extensions
	case "DATA":
		r.taking, r.size, r.sum, r.tail = true, 0, 0, r.tail[:0]
		return "354 End data with <CR><LF>.<CR><LF>\r\n"
	case "STAR":
		r.turns = true
		return "220 2.0.0 Begin\r\n"
	case "QUIT":
		r.left = true
		return "221 2.0.0 Bye\r\n"
	}
	return "250 2.0.0 Ok\r\n"
}

// data takes mail data. Its end is the end of what came: the clients say nothing more before it is answered.
func (r *receiver) data(in []byte) {
	r.size += len(in)
	r.sum = crc32.Update(r.sum, castagnoli, in)
	r.tail = append(r.tail, in[max(0, len(in)-len(endOfData)):]...)
	r.tail = append(r.tail[:0], r.tail[max(0, len(r.tail)-len(endOfData)):]...)
	if string(r.tail) != endOfData {
		return
	}
	r.taking = false
	o := r.origin
	o.messages.Add(1)
	o.bytes.Add(int64(r.size))
	if r.sum != o.mail.Load().sum {
		o.wrong.Add(1)
	}
	r.out = append(r.out, "250 2.0.0 Taken\r\n"...)
}
