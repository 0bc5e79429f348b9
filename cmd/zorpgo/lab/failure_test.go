package lab

import (
	"strconv"
	"strings"
	"testing"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

func TestNoOrigin(t *testing.T) {
	t.Parallel()
	lab := New(t)
	origin := lab.Origin()
	relay := lab.Relay("172.16.40.1")
	lab.Zorpgo("testdata/zones.star", "testdata/mail.star")
	origin.Stop()

	client := dial(t, lab.Client, "", "172.16.40.1")
	client.get("451 ")
	client.say("EHLO client.example.net", "451 ")
	client.quit()

	relay.Send("bob@example.com", message)
	relay.LogHas("status=deferred")
	relay.LogHas("refused to talk to me: 451 ")
}

// TestOriginDiesInBody kills the origin while a body is under way: nobody may believe that the message arrived.
func TestOriginDiesInBody(t *testing.T) {
	t.Parallel()
	lab := New(t)
	origin := lab.Origin()
	lab.Zorpgo("testdata/zones.star", "testdata/mail.star")
	client := dial(t, lab.Client, "", "172.16.40.1")
	client.toData()
	client.write(body(kib * kib))
	origin.Kill()
	client.write(body(kib*kib) + ".\r\n")
	client.get("421 ")
	if n := origin.Queued(); n > 0 {
		t.Errorf("the origin has %d complete messages", n)
	}
}

func TestClientDiesInBody(t *testing.T) {
	t.Parallel()
	lab := New(t)
	origin := lab.Origin()
	lab.Zorpgo("testdata/zones.star", "testdata/mail.star")
	client := dial(t, lab.Client, "", "172.16.40.1")
	client.toData()
	client.write(body(100 * kib))
	must(t, client.conn.Close())
	origin.LogHas("lost connection after DATA")
	origin.LogLacks("queue active")
	if n := origin.Queued(); n > 0 {
		t.Errorf("the origin has %d complete messages", n)
	}
}

// body is that many bytes of mail data.
func body(size int) string {
	line := strings.Repeat("x", 62) + "\r\n"
	return strings.Repeat(line, size/len(line))
}

// TestLargeMessage passes 100 MiB and looks at what they took.
func TestLargeMessage(t *testing.T) {
	t.Parallel()
	lab := New(t)
	origin := lab.Origin()
	zorpgo := lab.Zorpgo("testdata/zones.star", "testdata/mail.star")
	lab.Client.Source(Load{To: "172.16.40.1", Messages: 1, Sessions: 1, Size: 100 * mib})
	origin.LogHas("status=sent (elsewhere.example)")
	if size, err := strconv.Atoi(origin.LogMatch(`size=(\d+)`)); err != nil || size < 100*mib {
		t.Errorf("the origin got %d bytes, %v", size, err)
	}
	peak := zorpgo.Peak()
	t.Logf("zorpgo held %d KiB at most", peak/kib)
	if peak > 50*mib {
		t.Errorf("zorpgo held %d bytes, 50 MiB at most are allowed", peak)
	}
}
