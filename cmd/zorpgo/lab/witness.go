package lab

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Witness is a small SMTP server that tells who connected. It takes no mail.
type Witness struct {
	lab   *Lab
	peers chan netip.AddrPort
}

// Witness starts one as the origin server.
func (l *Lab) Witness() *Witness {
	l.t.Helper()
	w := &Witness{lab: l, peers: make(chan netip.AddrPort, 100)}
	go w.serve(l.Server.Listen("[::]:25")) // IPv4 as well; ends with the listener
	return w
}

// Peer waits for the next connection and gives its other end.
func (w *Witness) Peer() netip.AddrPort {
	w.lab.t.Helper()
	select {
	case peer := <-w.peers:
		return peer
	case <-time.After(patience):
		w.lab.t.Fatal("nobody connects to the origin")
		return netip.AddrPort{}
	}
}

// Alone fails the test if there is a connection that Peer has not told of.
func (w *Witness) Alone() {
	w.lab.t.Helper()
	select {
	case peer := <-w.peers:
		w.lab.t.Errorf("the origin got a connection from %s", peer)
	default:
	}
}

func (w *Witness) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		peer := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		w.peers <- netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
		go answer(conn)
	}
}

// answer carries on a session until the client quits or is gone.
func answer(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "220 origin.example.com ESMTP\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if strings.EqualFold(lines.Text(), "QUIT") {
			fmt.Fprint(conn, "221 2.0.0 Bye\r\n")
			return
		}
		fmt.Fprint(conn, "250 origin.example.com\r\n")
	}
}
