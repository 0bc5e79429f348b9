package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/builtins/reference"
)

func newDoc() *cobra.Command {
	return &cobra.Command{
		Use:   "doc [NAME]",
		Short: "Explain a name that a policy can say, or a finding of check",
		Long: `doc without a name is an overview of the policy language. NAME is a function, a proxy
class, a method, an attribute, a table, a constant, a module, a statement, an option, or
the id of a finding as check prints it. The name of a chapter lists its pages.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := io.WriteString(cmd.OutOrStdout(), reference.Overview())
				return err
			}
			return explainName(cmd, strings.Join(args, " "))
		},
	}
}

// explainName prints all pages of a name: an attribute and an option may have the same one.
func explainName(cmd *cobra.Command, name string) error {
	out := cmd.OutOrStdout()
	found, nearest := reference.Find(name)
	for i := range found {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprint(out, reference.Text(&found[i]))
	}
	if len(found) > 0 {
		return nil
	}
	if list := reference.List(name); list != "" {
		_, err := io.WriteString(out, list)
		return err
	}
	f := &failure{status: exitUsage, err: fmt.Errorf("there is no %s", name), hint: "zorpgo doc lists what there is"}
	if why := reference.NotBuilt(name); why != "" {
		f.err, f.hint = errors.New(why), ""
	} else if nearest != "" {
		f.hint = "did you mean " + nearest + "?"
	}
	return f
}
