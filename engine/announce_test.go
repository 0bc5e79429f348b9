package engine

import (
	"bufio"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"

	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

// TestServersAreToldOfClients: the header comes before everything else, and has the addresses that the client knows.
func TestServersAreToldOfClients(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		for _, version := range []int{1, 2} {
			l := open(t, "127.0.0.1:0")
			told := make(chan string, 1)
			go func() { // ends with the session, or the listener
				conn, err := l.Accept()
				if err != nil {
					told <- err.Error()
					return
				}
				defer conn.Close()
				r := bufio.NewReader(conn)
				header, err := proxyproto.Read(r)
				if err != nil {
					told <- err.Error()
					return
				}
				line, _ := r.ReadString('\n')
				told <- header.SourceAddr.String() + " " + header.DestinationAddr.String() + " " + strings.TrimSpace(line)
			}()
			e, _ := hosted(t, loops)
			at := free(t, "127.0.0.1")
			c := config(at + " in")
			c.Services["in"].Announce = version
			c.Services["in"].Router = &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort(l.Addr().String())}}}
			if err := e.Start(c); err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = conn.Write([]byte("hello\n"))
			if got, want := <-told, conn.LocalAddr().String()+" "+at+" hello"; got != want {
				t.Errorf("version %d: got %q, want %q", version, got, want)
			}
		}
	})
}
