package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"zorpgo/engine/source"
)

// newRoot is the whole command line. What cobra itself refuses is wrong usage.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "zorpgo",
		Short:         "Turns policy files into live, protocol-enforcing proxies",
		Long:          rootHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          noCommand,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(cmd, err) })
	root.AddCommand(newRun(), newCheck(), newExplain(), newGraph(), newRehearse(), newTest(), newNft(), newDoc(),
		newStatus(), newSessions(), newTrace(), newReload(), newLog(), newMan(), newVersion())
	return root
}

const rootHelp = `zorpgo turns policy files into live, protocol-enforcing proxies.

Several FILEs are one policy, read in order: zorpgo run zones.star mail.star

Exit status: 0 good, 1 the policy has errors, 2 wrong usage or an unreadable file,
3 the machine refused (port taken, no permission).`

// noCommand answers a command line without a command that exists.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError(cmd, errors.New("a command is missing"))
	}
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	f := usageError(cmd, fmt.Errorf("%s is no command", args[0]))
	if near := source.Nearest(args[0], names); near != "" {
		f.hint = "did you mean zorpgo " + near
	}
	return f
}

// usageError is err with the way to the help of cmd.
func usageError(cmd *cobra.Command, err error) *failure {
	return &failure{status: exitUsage, err: err, hint: "see " + cmd.CommandPath() + " --help"}
}

// someFiles wants the policy's files as arguments.
func someFiles(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError(cmd, errors.New("name the policy's files"))
	}
	return nil
}
