package engine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zorpgo/engine/chain"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
)

func TestChanges(t *testing.T) {
	s := newStand(t)
	if got := s.Changes(config("172.16.40.1:25 in")); got != nil {
		t.Errorf("before the start: %q", got)
	}
	if err := s.Start(config("172.16.40.1:25 in", "172.16.40.1:587 gone")); err != nil {
		t.Fatal(err)
	}
	now := config("172.16.40.1:26 in", "172.16.40.1:25 in", "172.16.40.1:465 new")
	now.Services["in"].MaxInstances = 7
	now.Services["in"].Router = &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort("192.0.2.1:25")}}}
	want := []string{
		`service "in": router was Directed, is Directed 192.0.2.1:25`,
		`service "in": max_instances was 0, is 7`,
		`service "new" added (mail.star:5:5)`,
		`service "gone" removed (mail.star:4:5)`,
		`rule 1 added (mail.star:10:5): service "in"`,
		`rule 3 added (mail.star:12:5): service "new"`,
		`rule 2 removed (it was at mail.star:11:5): service "gone"`,
	}
	if got := s.Changes(now); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := s.Changes(config("172.16.40.1:25 in", "172.16.40.1:587 gone")); len(got) > 0 {
		t.Errorf("the same policy: %q", got)
	}
}

// TestChangesOfOptions: what is not in the name of a router or a chainer is seen, too; a listener that moved is the same.
func TestChangesOfOptions(t *testing.T) {
	policy := func(change func(*service.Service, *rule.Rule)) *Config {
		c := config("172.16.40.1:25 in")
		v, r := c.Services["in"], c.Rules.All()[0]
		v.Router, v.Chainer = &route.Transparent{}, &chain.StateBased{}
		r.Listener = &rule.Listener{Word: "Dispatcher", At: []netip.AddrPort{netip.MustParseAddrPort("172.16.40.1:25")}}
		change(v, r)
		return c
	}
	for want, change := range map[string]func(*service.Service, *rule.Rule){
		"": func(_ *service.Service, r *rule.Rule) { r.Listener.Pos.Line = 77 },
		"router was Transparent, is Transparent Addr=true":     func(v *service.Service, _ *rule.Rule) { v.Router = &route.Transparent{Forge: route.Forge{Addr: true}} },
		"router was Transparent, is Transparent ForcedPort=26": func(v *service.Service, _ *rule.Rule) { v.Router = &route.Transparent{ForcedPort: 26} },
		"chainer was StateBased, is StateBased Timeout=2s":     func(v *service.Service, _ *rule.Rule) { v.Chainer = &chain.StateBased{Timeout: 2 * time.Second} },
		"resolver was the default one, is DNS Multi=true":      func(v *service.Service, _ *rule.Rule) { v.Resolver = &route.DNS{Multi: true} },
		"ipv4_setting was nothing, is tcp reset":               func(v *service.Service, _ *rule.Rule) { v.DenyIPv4 = "tcp reset" },
		"logging was true, is false":                           func(v *service.Service, _ *rule.Rule) { v.Quiet = true },
	} {
		s := newStand(t)
		if err := s.Start(policy(func(*service.Service, *rule.Rule) {})); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(s.Changes(policy(change)), "; ")
		if got != strings.TrimSuffix("service \"in\": "+want, "service \"in\": ") {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestReloadsUnderLoad has a policy replaced again and again, with a listener that comes and goes, while clients come, say
// something and leave: none of them may see anything of it, and nothing may be left behind.
func TestReloadsUnderLoad(t *testing.T) {
	const reloads, clients = 200, 8
	drivers(t, func(t *testing.T, loops int) {
		to := echo(t)
		e, b := hosted(t, loops)
		at, second := free(t, "127.0.0.1"), free(t, "127.0.0.1")
		policy := func(n int) *Config {
			rules := []string{at + " in"}
			if n%2 == 1 {
				rules = append(rules, second+" in")
			}
			c := config(rules...)
			c.Services["in"].Router = &route.Directed{Dest: to}
			return c
		}
		if err := e.Start(policy(0)); err != nil {
			t.Fatal(err)
		}
		stays := dial(t, at)
		says(t, stays, "first")
		says(t, dial(t, at), "warm")
		goroutines, files := runtime.NumGoroutine(), descriptors()
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var served, lost atomic.Int64
		for range clients {
			all.Go(func() {
				for ctx.Err() == nil {
					if err := visit(at); err != nil {
						lost.Add(1)
						t.Errorf("a client lost its connection: %v", err)
						return
					}
					served.Add(1)
				}
			})
		}
		for n := range reloads {
			if err := e.Reload(policy(n + 1)); err != nil {
				t.Fatal(err)
			}
		}
		if !eventually(func() bool { return served.Load() > clients || lost.Load() > 0 }) {
			t.Error("nobody was served")
		}
		stop()
		all.Wait()
		says(t, stays, "still there")
		if !eventually(func() bool { return runtime.NumGoroutine() <= goroutines+2 && descriptors() <= files+2 }) {
			t.Errorf("%d goroutines, before %d; %d descriptors, before %d\n%s", runtime.NumGoroutine(), goroutines, descriptors(), files, b)
		}
		if got := e.Status().Generation; got != reloads+1 {
			t.Errorf("generation %d", got)
		}
	})
}

// visit is a client that says a line and hears it.
func visit(at string) error {
	conn, err := net.Dial("tcp", at)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, "hello"); err != nil {
		return err
	}
	if got := readLine(conn); got != "hello" {
		return fmt.Errorf("heard %q", got)
	}
	return nil
}
