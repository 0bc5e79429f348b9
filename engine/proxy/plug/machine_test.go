package plug

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/session"
)

// machine makes a session's machine whose clock goes on by a second at each look.
func machine(t testing.TB, change func(*Settings), log *strings.Builder) (*Machine, *session.Session) {
	t.Helper()
	settings := DefaultSettings()
	change(settings)
	class, problems := Compile("TestPlug", settings)
	if problems != nil {
		t.Fatal(problems)
	}
	s := &session.Session{Log: slog.New(slog.NewTextHandler(log, nil))}
	m := class.NewWith(s, nil).(*Machine)
	now := time.Unix(0, 0)
	m.now = func() time.Time { now = now.Add(time.Second); return now }
	return m, s
}

func soft(s *Settings) { s.ShutdownSoft = true }

func TestDialogs(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Settings)
		script  string
		verdict session.Verdict
	}{
		"both ways": {func(*Settings) {}, `
c>"\x00\xff raw"
s>"\x00\xff raw"
s< * OK ready
c< * OK ready
c> last
s> last
c close
s closed
c closed`, session.Accepted},
		"the server ends": {func(*Settings) {}, `
s< bye
c< bye
s close
c closed
s closed`, session.Accepted},
		"half-close": {soft, `
c> question
s> question
c close
s finished
s< answer
c< answer
s< more
c< more
s close
c closed
s closed`, session.Accepted},
		"nothing to the server": {func(s *Settings) { s.CopyToServer = false }, `
c> lost
s< heard
c< heard
c close
s closed`, session.Accepted},
		"nothing to the client": {func(s *Settings) { s.CopyToClient = false }, `
s< lost
c> heard
s> heard
s close
c closed`, session.Accepted},
		"silence of the client": {func(*Settings) {}, `
c> x
s> x
c timeout
s closed
c closed`, session.AbortedByPolicyAction},
		"silence after half a close": {soft, `
c close
s finished
s timeout
c closed`, session.AbortedByPolicyAction},
		"no server": {func(*Settings) {}, `
s unreachable
c reset`, session.Accepted},
	} {
		m, s := machine(t, c.change, new(strings.Builder))
		if err := dialog.Play(m, c.script); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s.Verdict != c.verdict {
			t.Errorf("%s: %s: %s", name, s.Verdict, s.Reason)
		}
	}
}

// statsDialog has a piece of each side, then what the answers decide.
const statsDialog = `
c>"12345"
s>"12345"
s<"123"
c<"123"
`

func TestPacketStats(t *testing.T) {
	for name, c := range map[string]struct {
		every, goOnFor int
		err            error
		script         string
		want           []Stats
		reason         string
	}{
		"each":      {1, 9, nil, statsDialog, []Stats{{5, 1, 0, 0}, {5, 1, 3, 1}}, ""},
		"in pairs":  {2, 9, nil, statsDialog + "s<\"1\"\nc<\"1\"\n", []Stats{{5, 1, 3, 1}}, ""},
		"seldom":    {9, 9, nil, statsDialog, nil, ""},
		"never":     {0, 9, nil, statsDialog, nil, ""},
		"ends":      {1, 1, nil, statsDialog + "c closed\ns closed", []Stats{{5, 1, 0, 0}, {5, 1, 3, 1}}, "packetStats ended the session"},
		"it fails":  {2, 9, errors.New("p.star:3:4: no"), statsDialog + "c closed\ns closed", []Stats{{5, 1, 3, 1}}, "packetStats failed: p.star:3:4: no"},
		"the clock": {0, 1, nil, statsDialog + "wake\nwake\nc closed\ns closed", []Stats{{5, 1, 3, 1}, {5, 1, 3, 1}}, "packetStats ended the session"},
	} {
		var got []Stats
		var log strings.Builder
		m, s := machine(t, func(s *Settings) {
			s.PacketStatsIntervalPacket, s.PacketStatsIntervalTime = c.every, time.Second
			s.PacketStats = func(v *View) (bool, error) {
				got = append(got, v.Stats)
				return len(got) <= c.goOnFor, c.err
			}
		}, &log)
		if err := dialog.Play(m, c.script); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(got) != len(c.want) || s.Reason != c.reason || (c.err != nil) != strings.Contains(log.String(), "ERROR") {
			t.Errorf("%s: %v, %q\n%s", name, got, s.Reason, log.String())
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %+v, want %+v", name, got[i], c.want[i])
			}
		}
	}
}

// The bandwidth is that of the time since the last call; what was thrown away was not sent.
func TestBandwidth(t *testing.T) {
	type pair struct{ client, server int64 }
	var got []pair
	look := func(v *View) (bool, error) {
		got = append(got, pair{v.BandwidthToClient, v.BandwidthToServer})
		return true, nil
	}
	m, _ := machine(t, func(s *Settings) {
		s.PacketStatsIntervalPacket, s.PacketStats, s.CopyToClient = 2, look, false
		s.ShutDown = func(v *View) error { _, err := look(v); return err }
	}, new(strings.Builder))
	script := "s<\"12345\"\nc>\"1234567890\" *10\ns>\"1234567890\" *10\nc>\"1234567\"\ns>\"1234567\""
	if err := dialog.Play(m, script); err != nil {
		t.Fatal(err)
	}
	m.Close()
	if want := []pair{{0, 100}, {0, 7}}; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCompile(t *testing.T) {
	s := DefaultSettings()
	s.Timeout, s.PacketStatsIntervalPacket, s.PacketStatsIntervalTime = 0, -1, -time.Millisecond
	class, problems := Compile("P", s)
	want := "timeout: 0 is not between 1 and 2147483647\npacket_stats_interval_time: -1 is not between 0 and 2147483647\npacket_stats_interval_packet: -1 is below 0"
	if got := errors.Join(problems...).Error(); class != nil || got != want {
		t.Errorf("%v, %s", class, got)
	}
}

func TestStart(t *testing.T) {
	no := errors.New("no")
	for _, c := range []struct {
		startUp, connectErr, want error
		connect, wants            bool
		verdict                   session.Verdict
	}{
		{nil, nil, nil, true, true, session.Accepted},
		{no, nil, no, true, false, session.Accepted}, // whoever called Start says so
		{nil, no, nil, true, false, session.AbortedByPolicyAction},
		{nil, nil, nil, false, false, session.DeniedByPolicy},
	} {
		m, s := machine(t, func(s *Settings) {
			s.StartUp = func(*View) error { return c.startUp }
			s.Connect = func(*View) (bool, error) { return c.connect, c.connectErr }
		}, new(strings.Builder))
		if connect, err := m.Start(); connect != c.wants || err != c.want || s.Verdict != c.verdict || m.settings.StartUp == nil {
			t.Errorf("%+v: %v, %v, %s", c, connect, err, s.Verdict)
		}
	}
	m, _ := machine(t, func(*Settings) {}, new(strings.Builder))
	if connect, err := m.Start(); !connect || err != nil {
		t.Errorf("plain: %v, %v", connect, err)
	}
}

// Only a class without functions of the policy may run where others wait.
func TestPrompt(t *testing.T) {
	for _, change := range []func(*Settings){
		func(s *Settings) { s.StartUp = func(*View) error { return nil } },
		func(s *Settings) { s.ShutDown = func(*View) error { return nil } },
		func(s *Settings) { s.Connect = func(*View) (bool, error) { return true, nil } },
		func(s *Settings) { s.PacketStats = func(*View) (bool, error) { return true, nil } },
	} {
		s := DefaultSettings()
		if !(&Class{"P", s}).Prompt() {
			t.Error("a plain class is not prompt")
		}
		if change(s); (&Class{"P", s}).Prompt() {
			t.Error("a class that asks the policy is prompt")
		}
	}
}
