package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// capabilities is a set as the kernel shows it.
func capabilities(list ...int) string {
	var set uint64
	for _, c := range list {
		set |= 1 << c
	}
	return fmt.Sprintf("%016x", set)
}

// TestRightsGivenUp looks at what zorpgo may do while it serves.
func TestRightsGivenUp(t *testing.T) {
	lab := New(t)
	lab.WayBack()
	plain, err := os.ReadFile("testdata/mail.star")
	must(t, err)
	for _, c := range []struct {
		name   string
		policy string
		args   []string
		kept   []int
		passed []int
	}{
		{name: "high port", policy: lab.File("high.star", strings.Replace(string(plain), "dst_port=25", "dst_port=2525", 1))},
		{name: "port 25", policy: "testdata/mail.star"},
		{name: "forge_addr", policy: "testdata/mail_forged.star", kept: []int{unix.CAP_NET_ADMIN}},
		{name: "forge_port", policy: forgePort(t, lab, "testdata/mail_forged.star", "Z_PORT_EXACT"), kept: []int{unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE}},
		{name: "transparent", policy: "testdata/transparent.star", args: []string{"--transparent"}, kept: []int{unix.CAP_NET_ADMIN}, passed: []int{unix.CAP_NET_ADMIN}},
	} {
		t.Run(c.name, func(t *testing.T) {
			zorpgo := lab.Zorpgo(append(c.args, "testdata/zones.star", c.policy)...)
			defer zorpgo.Stop()
			zorpgo.showsRights(capabilities(c.kept...), capabilities(c.passed...))
		})
	}
}

func (p *Process) showsRights(kept, passed string) {
	p.t.Helper()
	for field, want := range map[string]string{"CapPrm": kept, "CapEff": kept, "CapBnd": kept, "CapInh": passed, "CapAmb": passed, "NoNewPrivs": "1"} {
		if got := p.Status(field); got != want {
			p.t.Errorf("%s %s, want %s", field, got, want)
		}
	}
}

// TestWithoutRoot: a user with two capabilities, as a unit of systemd gives them, serves transparently, reloads, and
// leaves nothing behind.
func TestWithoutRoot(t *testing.T) {
	lab := New(t)
	before := lab.Firewall.network()
	witness := lab.Witness()
	command := lab.zorpgo("run", []string{"--transparent", lab.copied("testdata/zones.star"), lab.transparentPolicy(true)})
	command.Args = append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all,+net_admin,+net_bind_service",
		"--inh-caps=-all,+net_admin,+net_bind_service", "--ambient-caps=-all,+net_admin,+net_bind_service", "--"}, command.Args...)
	zorpgo := lab.StartReadyAs(lab.Firewall, command, 65534)
	for _, field := range []string{"CapPrm", "CapEff", "CapInh", "CapAmb"} {
		if got, want := zorpgo.Status(field), capabilities(unix.CAP_NET_ADMIN); got != want {
			t.Errorf("%s %s, want %s", field, got, want)
		}
	}
	client := dial(t, lab.Client, "", "172.16.20.254")
	client.get("220 ")
	client.quit()
	if peer := witness.Peer(); peer.Addr().String() != "172.16.40.10" {
		t.Errorf("the origin saw %s", peer)
	}
	zorpgo.Reload()
	zorpgo.LogHas("policy reloaded")
	if status := zorpgo.Stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	zorpgo.LogLacks("level=ERROR")
	if after := lab.Firewall.network(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestEitherRightForges: CAP_NET_ADMIN or CAP_NET_RAW will do, each without the other.
func TestEitherRightForges(t *testing.T) {
	lab := New(t)
	lab.WayBack()
	witness := lab.Witness()
	for missing, kept := range map[int]int{unix.CAP_NET_RAW: unix.CAP_NET_ADMIN, unix.CAP_NET_ADMIN: unix.CAP_NET_RAW} {
		command := lab.zorpgo("run", []string{"testdata/zones.star", "testdata/mail_forged.star"})
		command.Without = []uintptr{uintptr(missing)}
		zorpgo := lab.StartReady(lab.Firewall, command)
		zorpgo.showsRights(capabilities(kept), capabilities())
		client := dial(t, lab.Client, "", "172.16.40.1")
		client.get("220 ")
		client.quit()
		if peer := witness.Peer(); peer.Addr().String() != "172.16.40.10" {
			t.Errorf("the origin saw %s", peer)
		}
		zorpgo.Stop()
	}
}

// TestRestartNeeded: what was given up does not come back with a reload; the old policy goes on.
func TestRestartNeeded(t *testing.T) {
	lab := New(t)
	witness := lab.Witness()
	text, err := os.ReadFile("testdata/mail.star")
	must(t, err)
	old := string(text)
	listed := strings.Replace(old, "\ndef", "\nMatcherPolicy(\"m\", RegexpFileMatcher(match_fname=\""+lab.fileIn(t.TempDir(), "list", "^bad")+"\"))\n\ndef", 1)
	for name, c := range map[string]struct{ changed, want string }{
		"a low port": {strings.Replace(old, "dst_port=25", "dst_port=(25, 26)", 1), "restart needed: .*CAP_NET_BIND_SERVICE to listen on 172.16.40.1:26()"},
		"forging":    {strings.Replace(old, ", 25)", ", 25), forge_addr=TRUE", 1), "restart needed: .*CAP_NET_ADMIN for service ()"},
		"a file":     {listed, "restart needed: .*/list is in no directory ()"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := lab.File("mail.star", old)
			zorpgo := lab.Zorpgo("testdata/zones.star", policy)
			must(t, os.WriteFile(policy, []byte(c.changed), 0o600))
			zorpgo.Reload()
			zorpgo.LogHas("the old policy stays")
			zorpgo.LogMatch(c.want)
			client := dial(t, lab.Client, "", "172.16.40.1")
			client.get("220 ")
			client.quit()
			witness.Peer()
			must(t, os.WriteFile(policy, []byte(strings.Replace(old, "dst_port=25", "dst_port=(25, 2525)", 1)), 0o600))
			zorpgo.Reload() // needs nothing
			zorpgo.LogHas("policy reloaded")
			zorpgo.Stop()
		})
	}
}

// TestSandbox: a list outside of the policy's directory is read when it is replaced; without the sandbox any file is.
func TestSandbox(t *testing.T) {
	lab := New(t)
	text, err := os.ReadFile("testdata/mail.star")
	must(t, err)
	with := func(list string) string {
		return strings.Replace(string(text), "\ndef", "\nMatcherPolicy(\"m\", RegexpFileMatcher(match_fname=\""+list+"\"))\n\ndef", 1)
	}
	first, second := lab.fileIn(t.TempDir(), "list", "^bad"), lab.fileIn(t.TempDir(), "list", "^worse")
	policy := lab.File("mail.star", with(first))
	zorpgo := lab.Zorpgo("testdata/zones.star", policy)
	must(t, os.WriteFile(first+".new", []byte("^worst"), 0o600))
	must(t, os.Rename(first+".new", first))
	zorpgo.Reload()
	zorpgo.LogHas("policy reloaded")
	zorpgo.Stop()

	zorpgo = lab.Zorpgo("--no-sandbox", "testdata/zones.star", policy)
	must(t, os.WriteFile(policy, []byte(with(second)), 0o600))
	zorpgo.Reload()
	zorpgo.LogHas("policy reloaded")
}
