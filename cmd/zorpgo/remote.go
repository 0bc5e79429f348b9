package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"zorpgo/engine/admin"
)

// remote is a running zorpgo, as the commands that talk to one find it.
type remote struct {
	instance string
	socket   string
	json     bool
}

func (r *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.instance, "instance", "", "the instance that runs (the only one)")
	cmd.Flags().StringVar(&r.instance, "as", "", "the same as --instance")
	cmd.Flags().StringVar(&r.socket, "socket", "", "its control socket (found by the instance)")
	cmd.Flags().BoolVar(&r.json, "json", false, "print what it answers, as JSON")
}

// path is the control socket to talk to.
func (r *remote) path() (string, error) {
	if r.socket != "" {
		return r.socket, nil
	}
	pattern := "*.sock"
	if r.instance != "" {
		pattern = admin.SocketName(r.instance)
	}
	var found []string
	for _, dir := range admin.Directories() {
		list, _ := filepath.Glob(filepath.Join(dir, pattern)) // only a pattern can be wrong
		found = append(found, list...)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", r.nobody(strings.Join(admin.Directories(), " and "))
	}
	var names []string
	for _, path := range found {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".sock"))
	}
	slices.Sort(names)
	return "", &failure{status: exitUsage, err: errors.New("more than one instance runs here: " + strings.Join(names, ", ")), hint: "choose one with --instance NAME"}
}

func (r *remote) nobody(where string) error {
	err := fmt.Errorf("no zorpgo runs here: there is no control socket in %s", where)
	if r.instance != "" {
		err = fmt.Errorf("no zorpgo runs instance %s: there is no %s in %s", r.instance, admin.SocketName(r.instance), where)
	}
	return &failure{status: exitMachine, err: err, hint: "start it with zorpgo run FILE..., or name its --socket"}
}

// talkTime is how long an answer may take; a reload reads and checks the whole policy.
const talkTime = 5 * time.Minute

// ask makes one request and reads the answer, whose body is returned if its code is one of those that have one.
func (r *remote) ask(ctx context.Context, method, path string) (body []byte, code int, err error) {
	socket, err := r.path()
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, talkTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://zorpgo"+path, nil)
	if err != nil {
		return nil, 0, err
	}
	answer, err := client(socket).Do(request)
	if err != nil {
		return nil, 0, notReached(socket, err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return body, answer.StatusCode, err
}

func client(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}}
}

// notReached says why nobody answers at a socket.
func notReached(socket string, err error) error {
	f := &failure{status: exitMachine, err: fmt.Errorf("%s: %w", socket, err)}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		f.err, f.hint = fmt.Errorf("%s: nobody serves it any more", socket), "start zorpgo run: it replaces the socket"
	case errors.Is(err, os.ErrNotExist):
		f.err, f.hint = fmt.Errorf("%s: there is no such socket", socket), "start it with zorpgo run FILE..., or name its --socket"
	case errors.Is(err, os.ErrPermission):
		f.err, f.hint = fmt.Errorf("%s: this user may not use it", socket), "be root, or the user that zorpgo runs as"
	}
	return f
}

// get asks for what is at path and prints it as it is, or has it read into v.
func (r *remote) get(cmd *cobra.Command, path string, v any) (print bool, err error) {
	body, code, err := r.ask(cmd.Context(), http.MethodGet, path)
	switch {
	case err != nil:
		return false, err
	case code != http.StatusOK:
		return false, &failure{status: exitMachine, err: errors.New(strings.TrimSpace(string(body)))}
	case r.json:
		_, err = cmd.OutOrStdout().Write(body)
		return false, err
	}
	return true, json.Unmarshal(body, v)
}
