package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"zorpgo/engine/source"
)

func TestStartServes(t *testing.T) {
	s := newStand(t)
	if err := s.Start(config("172.16.40.1:25 in", "172.16.40.1:587 submission")); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.call(t, "172.16.40.1:25"); got != "svc/mail/in:0" {
		t.Errorf("read %q", got)
	}
	if got, _ := s.call(t, "172.16.40.1:587"); got != "svc/mail/submission:0" {
		t.Errorf("read %q", got)
	}
	list := s.Listening()
	if len(list) != 2 || list[0].At.String() != "172.16.40.1:25" || list[0].Bound.String() != s.where["172.16.40.1:25"] ||
		len(list[1].Rules) != 1 || list[1].Rules[0].Service != "submission" {
		t.Errorf("listening %+v", list)
	}
	if err := s.Start(config("172.16.40.1:25 in")); err == nil {
		t.Error("it starts twice")
	}
}

func TestStartOpensAllOrNone(t *testing.T) {
	s := newStand(t)
	s.fail["172.16.40.1:587"] = syscall.EADDRINUSE
	s.fail["172.16.40.2:25"] = syscall.EADDRNOTAVAIL
	err := s.Start(config("172.16.40.1:25 in", "172.16.40.1:587 submission", "172.16.40.2:25 in"))
	if !Refused(err) || len(s.Listening()) > 0 {
		t.Fatalf("error %v, listening %v", err, s.Listening())
	}
	want := "mail.star:11:5: cannot listen on 172.16.40.1:587: the port is taken by another program; stop it (ss -ltnp 'sport = :587' names it)\n" +
		"mail.star:12:5: cannot listen on 172.16.40.2:25: 172.16.40.2 is not an address of this host; give it to an interface or correct dst_subnet"
	if err.Error() != want {
		t.Errorf("error\n%v", err)
	}
	if got, _ := s.call(t, "172.16.40.1:25"); !strings.Contains(got, "refused") {
		t.Errorf("read %q from what should be closed", got)
	}
	s.fail = nil
	if err := s.Start(config("172.16.40.1:25 in")); err != nil {
		t.Error("a second try:", err)
	}
}

func TestStartRefusesPolicy(t *testing.T) {
	noService := config("172.16.40.1:25 in")
	noService.Rules.All()[0].Service = "inn"
	for id, c := range map[string]*Config{"unknown-service": noService, "no-rule": config()} {
		s := newStand(t)
		err := s.Start(c)
		var found source.Findings
		if !errors.As(err, &found) || len(found) != 1 || found[0].ID != id || found[0].Hint == "" || Refused(err) {
			t.Errorf("want %s, got %v", id, err)
		}
	}
}

func TestReload(t *testing.T) {
	s := newStand(t)
	if err := s.Reload(config("172.16.40.1:25 in")); err == nil {
		t.Error("it reloads before it starts")
	}
	if err := s.Start(config("172.16.40.1:25 in", "172.16.40.1:587 submission")); err != nil {
		t.Fatal(err)
	}
	stays := s.Listening()[0].Bound.String()
	_, running := s.call(t, "172.16.40.1:587")
	s.call(t, "172.16.40.1:25")
	if err := s.Reload(config("172.16.40.1:25 in", "172.16.40.1:2525 other")); err != nil {
		t.Fatal(err)
	}
	if got := s.Listening(); len(got) != 2 || got[0].Bound.String() != stays || got[1].At.Port() != 2525 {
		t.Errorf("listening %v", got)
	}
	for at, want := range map[string]string{"172.16.40.1:25": "svc/mail/in:1", "172.16.40.1:2525": "svc/mail/other:0"} {
		if got, _ := s.call(t, at); got != want {
			t.Errorf("%s: read %q, want %q", at, got, want)
		}
	}
	if got, _ := s.call(t, "172.16.40.1:587"); !strings.Contains(got, "refused") {
		t.Errorf("a closed listener says %q", got)
	}
	stillOpen(t, running)
}

func TestReloadThatFailsChangesNothing(t *testing.T) {
	s := newStand(t)
	if err := s.Start(config("172.16.40.1:25 in")); err != nil {
		t.Fatal(err)
	}
	s.fail["172.16.40.1:2525"] = syscall.EACCES
	bad := config("172.16.40.1:26 other", "172.16.40.1:2525 other")
	if err := s.Reload(bad); !Refused(err) {
		t.Errorf("error %v", err)
	}
	if err := s.Reload(config()); err == nil {
		t.Error("a policy without rules is loaded")
	}
	if got, _ := s.call(t, "172.16.40.1:25"); got != "svc/mail/in:0" || len(s.Listening()) != 1 {
		t.Errorf("read %q, listening %v", got, s.Listening())
	}
}

// Without a pause connections succeed while the policy is replaced.
func TestReloadLosesNoConnection(t *testing.T) {
	s := newStand(t)
	if err := s.Start(config("172.16.40.1:25 in")); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			got, conn := s.call(t, "172.16.40.1:25")
			if got != fmt.Sprintf("svc/mail/in:%d", i) {
				t.Errorf("read %q", got)
				return
			}
			conn.Close()
		}
	}()
	for range 50 {
		if err := s.Reload(config("172.16.40.1:25 in")); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-done
}

func TestShutdownWaitsForSessions(t *testing.T) {
	s := newStand(t)
	if err := s.Start(config("172.16.40.1:25 in")); err != nil {
		t.Fatal(err)
	}
	_, conn := s.call(t, "172.16.40.1:25")
	result := make(chan error, 1)
	go func() { result <- s.Shutdown(context.Background()) }()
	if !eventually(func() bool { return len(s.Listening()) == 0 }) {
		t.Fatal("it listens still")
	}
	if got, _ := s.call(t, "172.16.40.1:25"); !strings.Contains(got, "refused") {
		t.Errorf("a closed listener says %q", got)
	}
	select {
	case err := <-result:
		t.Fatalf("it does not wait: %v", err)
	default:
	}
	stillOpen(t, conn)
	conn.Close()
	if err := <-result; err != nil {
		t.Error(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error("once more:", err)
	}
	if s.Reload(config("172.16.40.1:25 in")) == nil || s.Start(config("172.16.40.1:25 in")) == nil {
		t.Error("it goes on after its end")
	}
}

func TestShutdownCutsWhatIsLeft(t *testing.T) {
	s := newStand(t)
	if err := s.Start(config("172.16.40.1:25 in")); err != nil {
		t.Fatal(err)
	}
	_, conn := s.call(t, "172.16.40.1:25")
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); err == nil || err.Error() != "1 sessions were cut" {
		t.Errorf("error %v", err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: %v", err)
	}
	if !strings.Contains(s.log.String(), `msg="session closed"`) {
		t.Errorf("log:\n%s", s.log)
	}
}

func stillOpen(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("the session is over: read %d, %v", n, err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
