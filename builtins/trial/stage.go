package trial

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/engine"
	"zorpgo/engine/rehearse"
)

// stage is everything around the policy during one test.
type stage struct {
	runner  *runner
	config  *engine.Config
	ctx     context.Context
	names   map[string][]netip.Addr // what the resolver says
	unknown map[string]bool         // mailboxes that mail servers do not know
	conns   []*connection
	passed  time.Duration // since the test began, for connections that come
	said    []string
}

// resolve answers with what the test said, or as a rehearsal does; a name that the test gave no address is not found.
func (s *stage) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	key := nameKey(host)
	addrs, said := s.names[key]
	switch {
	case !said:
		return rehearse.Resolve(ctx, host)
	case len(addrs) == 0:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, nil
}

func nameKey(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// dialMail plays a mail server that is asked for recipients.
func (s *stage) dialMail(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
	near, far := net.Pipe()
	go s.serveMail(far) // ends when near is closed
	return near, nil
}

func (s *stage) serveMail(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "220 mail.test\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := strings.ToLower(lines.Text())
		reply := "250 ok"
		_, address, _ := strings.Cut(strings.TrimSuffix(line, ">"), "<")
		switch {
		case strings.HasPrefix(line, "quit"):
			reply = "221 bye"
		case strings.HasPrefix(line, "rcpt") && s.unknown[address]:
			reply = "550 unknown"
		}
		fmt.Fprint(conn, reply+"\r\n")
	}
}

// lastLines is how much of what was said is shown with a failure.
const lastLines = 16

// note keeps what a side said, as it stands in dialogs.
func (s *stage) note(who, arrow, text string) {
	for line := range strings.Lines(text) {
		s.said = append(s.said, fmt.Sprintf("%s%s %s", who, arrow, printable(strings.TrimRight(line, "\r\n"))))
	}
	s.said = s.said[max(0, len(s.said)-lastLines):]
}

func printable(line string) string {
	quoted := fmt.Sprintf("%q", line)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func (s *stage) last() []string { return slices.Clone(s.said) }

// end ends all sessions of the test.
func (s *stage) end() {
	for _, c := range s.conns {
		c.end()
	}
}

// maxWait bounds how long a test may say that it waits: no limit has a longer memory.
const maxWait = 24 * 60 * 60

// wait is t.wait(seconds).
func (s *stage) wait(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	seconds := 0
	if err := starlark.UnpackArgs(name, args, kwargs, "seconds", &seconds); err != nil {
		return nil, err
	}
	if seconds < 0 || seconds > maxWait {
		return nil, fmt.Errorf("%s: %d seconds are not from 0 to %d", name, seconds, maxWait)
	}
	s.passed += time.Duration(seconds) * time.Second
	return starlark.None, nil
}
