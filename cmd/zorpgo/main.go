// Command zorpgo turns policy files into live proxies: it runs, checks, explains and rehearses them.
//
// Its voice on standard error is "zorpgo: error: ..." and "zorpgo: hint: ...", lower case, without a full stop.
// It exits with 0 if all is good, 1 if the policy has errors, 2 on wrong usage or an unreadable file, 3 if the
// machine refused.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// The exit statuses.
const (
	exitPolicy  = 1
	exitUsage   = 2
	exitMachine = 3
)

// failure is an error that says how the process exits, and perhaps what to do about it.
type failure struct {
	status int
	err    error // nil: all was said already
	hint   string
}

func (f *failure) Error() string { return fmt.Sprint(f.err) }
func (f *failure) Unwrap() error { return f.err }

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns its exit status.
func execute(args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{status: exitUsage, err: err}
	}
	for _, err := range each(f.err) {
		fmt.Fprintf(stderr, "zorpgo: error: %v\n", err)
	}
	if f.hint != "" {
		fmt.Fprintf(stderr, "zorpgo: hint: %s\n", f.hint)
	}
	return f.status
}

// each takes joined errors apart.
func each(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
