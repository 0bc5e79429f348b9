package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/smtp"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"zorpgo/engine/admin"
)

// traced INSTANCE N waits until so many follow the sessions of an instance, which has none at the time.
func traced(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: traced INSTANCE N")
	}
	c := client(filepath.Join(ts.Getenv("RUNTIME_DIRECTORY"), args[0]+".sock"))
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		answer, err := c.Get("http://zorpgo/status")
		ts.Check(err)
		var s admin.Status
		err = json.NewDecoder(answer.Body).Decode(&s)
		answer.Body.Close()
		ts.Check(err)
		if fmt.Sprint(s.Tracers) == args[1] && s.Sessions == 0 {
			return
		}
	}
	ts.Fatalf("not %s tracers, or some session does not end", args[1])
}

// deliver PORT sends a message to a port of 127.0.0.1, which goes on to the server at $TAKEN.
func deliver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deliver PORT")
	}
	taken := ts.Value("stage").(*stage).taken
	ts.Check(taken.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second)))
	served := make(chan error, 1)
	go func() { served <- receive(taken) }() // ends with the client, or its deadline
	message := "Subject: a secret plan\r\n\r\nfor \x1b[31mred\x1b[0m eyes\r\n"
	ts.Check(smtp.SendMail("127.0.0.1:"+args[0], nil, "alice@client.example", []string{"bob@mail.example"}, []byte(message)))
	ts.Check(<-served)
}

// receive is a mail server for one client.
func receive(l net.Listener) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // what fails here fails at the first read
	fmt.Fprint(conn, "220 mail.example\r\n")
	data := false
	for in := bufio.NewScanner(conn); in.Scan(); {
		switch line := strings.ToUpper(in.Text()); {
		case data && line == ".":
			data = false
			fmt.Fprint(conn, "250 queued\r\n")
		case data:
		case line == "DATA":
			data = true
			fmt.Fprint(conn, "354 go on\r\n")
		case line == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return nil
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
	return nil
}
