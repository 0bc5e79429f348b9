package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/builtins"
	"zorpgo/builtins/trial"
	"zorpgo/engine/lint"
	"zorpgo/engine/report"
	"zorpgo/engine/source"
)

// policyTests is the command line of test.
type policyTests struct {
	policy
	wanted, junit string
	verbose       bool
	tests         []string
}

func newTest() *cobra.Command {
	t := &policyTests{}
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run the tests that stand beside a policy",
		Long: `test runs functions def test_NAME(t): of the files FILE_test.star beside the policy's
files, or of those that are named. They connect as a client, speak lines, and say what
is expected: of the rule, of the replies, of what the server receives. The server, the
resolver, the mail servers that are asked for recipients and the clock are played; no
socket is opened. zorpgo doc t lists what a test can say.

Exit status: 0 all passed, 1 a test failed (or the policy has errors), 2 wrong usage,
no tests, or an unreadable file.`,
		Example: `  zorpgo test zones.star mail.star
  zorpgo test --run relay --junit report.xml mail.star`,
		Args: someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			t.choose(files)
			return t.run(cmd)
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVar(&t.wanted, "run", "", "only tests whose name matches `REGEXP`")
	cmd.Flags().StringVar(&t.junit, "junit", "", "write the results to `FILE` as JUnit XML")
	cmd.Flags().BoolVarP(&t.verbose, "verbose", "v", false, "show what tests print")
	return cmd
}

const testSuffix = "_test.star"

// choose tells tests from policy, and finds the tests beside it.
func (t *policyTests) choose(files []string) {
	for _, file := range files {
		if strings.HasSuffix(file, testSuffix) {
			t.tests = append(t.tests, file)
			continue
		}
		t.files = append(t.files, file)
		beside := strings.TrimSuffix(file, filepath.Ext(file)) + testSuffix
		if _, err := os.Stat(beside); err == nil && !slices.Contains(files, beside) {
			t.tests = append(t.tests, beside)
		}
	}
}

func (t *policyTests) run(cmd *cobra.Command) error {
	wanted, err := regexp.Compile(t.wanted)
	if err != nil {
		return usageError(cmd, fmt.Errorf("--run: %w", err))
	}
	if len(t.tests) == 0 {
		return &failure{status: exitUsage, err: fmt.Errorf("no tests: there is no %s beside the policy", besides(t.files))}
	}
	t.texts = map[string][]byte{}
	options := trial.Options{
		Load:   builtins.Options{Instance: t.instance, Lint: lint.Check, ReadFile: t.read},
		Policy: t.files, Tests: t.tests, Wanted: wanted.MatchString,
	}
	if t.verbose {
		options.Says = cmd.OutOrStdout()
	}
	result, found, err := trial.Run(options)
	if err != nil {
		return &failure{status: exitUsage, err: err}
	}
	if result == nil {
		t.printer(cmd.ErrOrStderr())(found)
		return &failure{status: exitPolicy, err: fmt.Errorf("the policy has %s", report.Tally(found))}
	}
	return t.tell(cmd, result)
}

func besides(files []string) string {
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))+testSuffix)
	}
	if len(names) == 0 {
		return "FILE" + testSuffix
	}
	return strings.Join(names, " or ")
}

// tell prints the results and keeps them for other programs.
func (t *policyTests) tell(cmd *cobra.Command, r *trial.Report) error {
	if len(r.Results) == 0 {
		return &failure{status: exitUsage, err: errors.New("no test was run: write def test_NAME(t): and what is expected")}
	}
	t.table(cmd.OutOrStdout(), r)
	if t.junit != "" {
		if err := writeJUnit(t.junit, r); err != nil {
			return &failure{status: exitMachine, err: err}
		}
	}
	if failed := r.Failed(); failed > 0 {
		return &failure{status: exitPolicy, err: fmt.Errorf("%d of %d tests failed", failed, len(r.Results))}
	}
	return nil
}

func writeJUnit(name string, r *trial.Report) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(r.JUnit(f), f.Close())
}

// table is the report for people.
func (t *policyTests) table(w io.Writer, r *trial.Report) {
	for _, result := range r.Results {
		verdict := "ok  "
		if result.Failure != nil {
			verdict = "FAIL"
		}
		fmt.Fprintf(w, "%s  %-48s %8.1f ms\n", verdict, result.Name, float64(result.Took.Microseconds())/1000)
		if result.Failure != nil {
			_ = report.Text(w, source.Findings{*result.Failure}, t.text)
			for _, line := range result.Lines {
				fmt.Fprintf(w, "        %s\n", line)
			}
		}
	}
	fmt.Fprintf(w, "\n%d tests, %d failed\n", len(r.Results), r.Failed())
	covered(w, "rules met", r.Rules)
	covered(w, "methods run", r.Methods)
}

// covered says what of a policy the tests met, and names the rest.
func covered(w io.Writer, what string, list []trial.Covered) {
	if len(list) == 0 {
		return
	}
	met := 0
	for _, c := range list {
		met += min(c.Times, 1)
	}
	fmt.Fprintf(w, "%s: %d of %d\n", what, met, len(list))
	for _, c := range list {
		if c.Times == 0 {
			fmt.Fprintf(w, "    not %s (%s)\n", c.Name, c.Pos)
		}
	}
}
