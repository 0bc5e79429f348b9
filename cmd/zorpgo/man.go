package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIRECTORY",
		Short: "Write the manual pages",
		Long: `man writes zorpgo(8) and a page for each command, such as zorpgo-run(8), to DIRECTORY;
make install puts them where man finds them. What policies can say is in zorpgo doc.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(cmd, errors.New("name the directory that they are written to"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := manual(cmd.Root(), args[0]); err != nil {
				return &failure{status: exitUsage, err: err, hint: "name a directory that can be written to"}
			}
			return nil
		},
	}
}

// manual writes the pages of root and of all below it. Their date is that of the source, so that the same program has
// the same pages.
func manual(root *cobra.Command, directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	b := buildFacts()
	date, err := time.Parse(time.RFC3339, b.Time)
	if err != nil { // not built from a checkout
		date = time.Now()
	}
	root.DisableAutoGenTag = true
	return doc.GenManTreeFromOpts(root, doc.GenManTreeOptions{
		Header:           &doc.GenManHeader{Section: "8", Date: &date, Source: "zorpgo " + b.Version, Manual: "zorpgo"},
		Path:             directory,
		CommandSeparator: "-",
	})
}
