package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/engine"
	"zorpgo/engine/admin"
)

// control is how an administrator gets at a running zorpgo.
type control struct {
	socket    string // "": by the instance's name; "none"
	address   string
	tokenFile string
	pprof     bool

	listeners []net.Listener
	server    *admin.Server
}

func (c *control) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.socket, "socket", "", "the control socket; none: there is none (/run/zorpgo/INSTANCE.sock)")
	cmd.Flags().StringVar(&c.address, "admin", "", "serve status and metrics over TCP, too: ADDRESS:PORT")
	cmd.Flags().StringVar(&c.tokenFile, "admin-token-file", "", "whoever comes to --admin from another host must know the token in this file")
	cmd.Flags().BoolVar(&c.pprof, "pprof", false, "serve profiles of this process at /debug/pprof/")
}

// open opens what administrators come by, before rights are given up. A socket that was not asked for may fail.
func (c *control) open(log *slog.Logger, instance string) error {
	if err := c.openSocket(log, instance); err != nil {
		return err
	}
	if c.address == "" {
		return nil
	}
	l, err := net.Listen("tcp", c.address)
	if err != nil {
		return fmt.Errorf("--admin %s: %w", c.address, err)
	}
	c.listeners = append(c.listeners, l)
	return nil
}

func (c *control) openSocket(log *slog.Logger, instance string) error {
	var l net.Listener
	var err error
	switch c.socket {
	case "none":
		return nil
	case "":
		l, err = admin.ListenDefault(instance)
		if err != nil && !errors.Is(err, admin.ErrInUse) {
			log.Warn("there is no control socket: status, sessions and reload will not find this process", "error", err)
			return nil
		}
	default:
		l, err = admin.Listen(c.socket)
	}
	if err != nil {
		return err
	}
	c.listeners = append(c.listeners, l)
	log.Info("control socket", "path", l.Addr().String())
	return nil
}

// token is what --admin-token-file holds; it is read before anything is opened.
func (c *control) token(cmd *cobra.Command) (string, error) {
	if c.tokenFile == "" {
		return "", c.onlyHere(cmd)
	}
	text, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", &failure{status: exitUsage, err: fmt.Errorf("--admin-token-file: %w", err)}
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 16 {
		return "", &failure{status: exitUsage, err: fmt.Errorf("--admin-token-file %s: the token has %d characters, 16 are the least", c.tokenFile, len(token))}
	}
	return token, nil
}

// onlyHere refuses an address that others can reach, where there is no token.
func (c *control) onlyHere(cmd *cobra.Command) error {
	if c.address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.address)
	if err != nil {
		return usageError(cmd, fmt.Errorf("--admin %s: write an address and a port, 127.0.0.1:9025", c.address))
	}
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
		return usageError(cmd, fmt.Errorf("--admin %s: other hosts can reach it: name a file with a token by --admin-token-file, or use 127.0.0.1", c.address))
	}
	return nil
}

// serve answers what comes by the listeners.
func (c *control) serve(log *slog.Logger, e *engine.Engine, o admin.Options) {
	o.Engine, o.Log, o.Pprof, o.Version = e, log, c.pprof, buildFacts().Version
	c.server = admin.New(o)
	for _, l := range c.listeners {
		c.server.Serve(l)
	}
}

// close ends it all; what was never served is closed, too.
func (c *control) close() {
	if c.server != nil {
		c.server.Close()
	}
	for _, l := range c.listeners {
		l.Close()
	}
}

// directories are where sockets are to be removed at the end: of those that hold nothing else.
func (c *control) directories() (list []string) {
	for _, l := range c.listeners {
		if dir := filepath.Dir(l.Addr().String()); slices.Contains(admin.Directories(), dir) {
			list = append(list, dir)
		}
	}
	return list
}
