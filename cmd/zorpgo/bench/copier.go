package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// newCopier is the yardstick, which bench starts as a process of its own: it copies bytes both ways and looks at none.
func newCopier() *cobra.Command {
	return &cobra.Command{
		Use:    "copier LISTEN ORIGIN",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := net.Listen("tcp", args[0])
			if err != nil {
				return err
			}
			defer context.AfterFunc(cmd.Context(), func() { l.Close() })()
			return copier{origin: args[1]}.serve(l)
		},
	}
}

type copier struct{ origin string }

// acceptPause is how long the copier waits when it has no descriptor left.
const acceptPause = 10 * time.Millisecond

func (c copier) serve(l net.Listener) error {
	for {
		client, err := l.Accept()
		switch {
		case err == nil:
			go c.copy(client.(*net.TCPConn)) // ends with either side
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
			time.Sleep(acceptPause)
		case errors.Is(err, net.ErrClosed):
			return nil
		default:
			return fmt.Errorf("accept: %w", err)
		}
	}
}

// copy joins a client to the origin until both have said all.
func (c copier) copy(client *net.TCPConn) {
	defer client.Close()
	conn, err := net.Dial("tcp", c.origin)
	if err != nil {
		return
	}
	origin := conn.(*net.TCPConn)
	defer origin.Close()
	go func() { // ends with the client's bytes, or with the connections
		_, _ = io.Copy(origin, client)
		_ = origin.CloseWrite()
	}()
	_, _ = io.Copy(client, origin)
}
