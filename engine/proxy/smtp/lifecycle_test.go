package smtp

import (
	"errors"
	"slices"
	"testing"

	"zorpgo/engine/session"
)

// machineWith is the machine of a session under the policy's functions, each of which writes down that it ran.
func machineWith(t *testing.T, startUp, connect, shutDown error, wanted bool) (*Machine, *[]string) {
	s, ran := smtpProxy(), &[]string{}
	note := func(name string, err error) error {
		*ran = append(*ran, name)
		return err
	}
	s.StartUp = func(v *View) error { return note("startUp", startUp) }
	s.Connect = func(v *View) (bool, error) { return wanted, note("connect", connect) }
	s.ShutDown = func(v *View) error { return note("shutDown", shutDown) }
	return newMachine(t, s).(*Machine), ran
}

func TestLifecycle(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name              string
		startUp, connects error
		wanted            bool
		connect           bool
		err               error
		verdict           session.Verdict
		ran               []string
	}{
		{"all well", nil, nil, true, true, nil, session.Accepted, []string{"startUp", "connect", "shutDown"}},
		{"no server wanted", nil, nil, false, false, nil, session.DeniedByPolicy, []string{"startUp", "connect", "shutDown"}},
		{"startUp fails", broken, nil, true, false, broken, session.Accepted, []string{"startUp", "shutDown"}},
		{"connect fails", nil, broken, true, false, nil, session.AbortedByPolicyAction, []string{"startUp", "connect", "shutDown"}},
	} {
		m, ran := machineWith(t, c.startUp, c.connects, broken, c.wanted)
		connect, err := m.Start()
		m.Close()
		if connect != c.connect || err != c.err || m.session.Verdict != c.verdict || !slices.Equal(*ran, c.ran) {
			t.Errorf("%s: got %v, %v, %s after %v", c.name, connect, err, m.session.Verdict, *ran)
		}
	}
}

// A session whose policy has no such functions makes no View for them.
func TestNoLifecycleCostsNothing(t *testing.T) {
	m := newMachine(t, smtpProxy()).(*Machine)
	if connect, err := m.Start(); !connect || err != nil {
		t.Error(connect, err)
	}
	m.Close()
	if m.view != nil {
		t.Error("a View was made")
	}
}
