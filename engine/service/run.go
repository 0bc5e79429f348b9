package service

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"strconv"
	"sync/atomic"

	"zorpgo/engine/chain"
	"zorpgo/engine/encryption"
	"zorpgo/engine/journal"
	"zorpgo/engine/limit"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// Env is what the sessions of all services get from outside.
type Env struct {
	Instance string
	Dial     chain.Dial
	Serve    Serve
	Begun    func(s *session.Session, client net.Conn) // of sessions that have goroutines of their own; nil: nobody asks
}

// Serve runs a protocol until the session is over. It owns the client's connection and the one that connect makes.
type Serve func(ctx context.Context, p proxy.Protocol, s *session.Session, client net.Conn,
	connect func(context.Context) (net.Conn, error))

// Run handles one connection from its number to its end, and closes it. What became of it is in s.
func (v *Service) Run(ctx context.Context, env *Env, s *session.Session, client net.Conn) {
	v.number(env, s)
	r := &run{service: v, env: env, session: s, client: client}
	defer r.survive()
	pass, refusing := v.enter(s)
	if refusing != limit.None {
		v.refuse(s, client, refusing, v.refusal(s, refusing))
		return
	}
	defer v.counter().table.Leave(pass)
	if env.Begun != nil {
		env.Begun(s, client)
	}
	r.serve(ctx)
}

// number gives s its place among the sessions of v.
func (v *Service) number(env *Env, s *session.Session) {
	s.Service = v.Name
	s.ID = "svc/" + env.Instance + "/" + v.Name + ":" + strconv.FormatInt(v.counter().sessions.Add(1)-1, 10)
	s.Encryption, s.Meter, s.Parting = v.Encryption, v.Meter(), v.busy(limit.Sessions)
	s.Log = slog.New(s.Log.Handler().WithAttrs([]slog.Attr{slog.String("session", s.ID)}))
	if r, ok := v.Router.(interface{ Overrides() bool }); ok {
		s.Inband = r.Overrides()
	}
	if v.Resolver != nil {
		s.Resolve = v.Resolver.Resolve
	}
	s.Follow() // who looks on hears of it from its beginning
}

// What records are of.
var (
	limits   = journal.Class{Tag: "core.session", Verbosity: 2}
	policies = journal.Class{Tag: "core.policy", Verbosity: 1}
)

// run is one session of a service.
type run struct {
	service *Service
	env     *Env
	session *session.Session
	client  net.Conn
	conn    net.Conn                 // of the server
	server  atomic.Pointer[net.Conn] // conn, once it is there; for survive only: Serve owns it
}

func (r *run) serve(ctx context.Context) {
	if r.service.Keepalive&KeepaliveClient != 0 {
		r.keepAlive(r.client)
	}
	protocol, connect, ok := r.prepare()
	if !ok {
		r.client.Close()
		return
	}
	client, ok := r.encryptClient(ctx)
	if !ok {
		protocol.Close()
		return
	}
	r.env.Serve(ctx, protocol, r.session, client, r.connector(connect))
}

// prepare makes the protocol and gives it the first word; not ok: the session is over.
func (r *run) prepare() (p proxy.Protocol, connect, ok bool) {
	p, err := r.service.Class.New(r.session)
	if err != nil {
		r.session.Abort(policies, session.AbortedByPolicyAction, fmt.Sprintf("class %s cannot be set up: %v", r.service.Class.Name(), err))
		return nil, false, false
	}
	if err := checkEncryption(r.session.Encryption, r.service.Class); err != nil {
		r.session.Abort(policies, session.AbortedByPolicyAction, err.Error())
		p.Close()
		return nil, false, false
	}
	if connect, err = start(p); err != nil {
		r.session.Abort(policies, session.AbortedByPolicyAction, err.Error())
		p.Close()
		return nil, false, false
	}
	return p, connect, true
}

// start gives a protocol that wants it the first word.
func start(p proxy.Protocol) (connect bool, err error) {
	if s, ok := p.(proxy.Starter); ok {
		return s.Start()
	}
	return true, nil
}

// connector makes what connects the server side, or says that there is to be none.
func (r *run) connector(wanted bool) func(context.Context) (net.Conn, error) {
	if !wanted {
		return func(context.Context) (net.Conn, error) { return nil, proxy.ErrNoServer }
	}
	plan := r.service.plan(r.session)
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := r.service.chainer().Connect(ctx, r.env.Dial, r.session, plan)
		if err != nil {
			return nil, err
		}
		r.conn = conn
		r.server.Store(&r.conn)
		if r.service.Keepalive&KeepaliveServer != 0 {
			r.keepAlive(conn)
		}
		return conn, nil
	}
}

func (r *run) keepAlive(conn net.Conn) {
	if err := stream.KeepAlive(encryption.Bare(conn)); err != nil {
		r.session.Record(journal.Class{Tag: "core.error", Verbosity: 3}, "no keep-alive", slog.Any("error", err))
	}
}

// survive ends a session that met a bug, and it alone.
func (r *run) survive() {
	bug := recover()
	if bug == nil {
		return
	}
	r.bug(bug)
	r.client.Close()
	if server := r.server.Load(); server != nil {
		(*server).Close()
	}
}

// bug records a panic.
func (r *run) bug(crash any) {
	r.session.Meter.Bug()
	r.session.Record(journal.Class{Tag: "core.error", Verbosity: 0}, "session met a bug, please report it",
		slog.Any("panic", fmt.Sprint(crash)), slog.String("stack", string(debug.Stack())))
	r.session.Deny(session.DeniedByUnknownFail, fmt.Sprintf("panic: %v", crash))
}
