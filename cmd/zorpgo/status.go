package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"zorpgo/engine/admin"
)

func newStatus() *cobra.Command {
	r := &remote{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what a running zorpgo does",
		Long:  "status shows the listeners, services and rules of a running zorpgo, how often they were used, which servers are\ndown, which certificates are shown and until when, and what became of the last reload.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s admin.Status
			print, err := r.get(cmd, "/status", &s)
			if print && err == nil {
				writeStatus(cmd.OutOrStdout(), &s)
			}
			return err
		},
	}
	r.flags(cmd)
	return cmd
}

func writeStatus(w io.Writer, s *admin.Status) {
	name := s.Instance
	if name == "" {
		name = "(top level)"
	}
	fmt.Fprintf(w, "%s: %s for %s, %d sessions%s\n", name, s.State, span(time.Duration(s.Uptime*float64(time.Second))), s.Sessions,
		map[bool]string{true: fmt.Sprintf(" of at most %d", s.Limit)}[s.Limit > 0])
	fmt.Fprintf(w, "version %s\n", s.Version)
	fmt.Fprintf(w, "policy %s, generation %d\n", strings.Join(s.Files, " "), s.Generation)
	if o := s.LastReload; o != nil {
		result := "it is in force"
		if !o.OK {
			result = "refused, the old policy stays: " + strings.Join(o.Errors, "; ")
		}
		fmt.Fprintf(w, "last reload %s: %s\n", o.Time.Format(time.DateTime), result)
	}
	writeParts(w, s)
}

func writeParts(w io.Writer, s *admin.Status) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer t.Flush() // that w is closed could only be said to w
	fmt.Fprint(t, "\nLISTENER\tRULES\n")
	for _, l := range s.Listeners {
		fmt.Fprintf(t, "%s%s\t%s\n", l.Address, map[bool]string{true: " (intercepted)"}[l.Intercepted], numbers(l.Rules))
	}
	fmt.Fprint(t, "\nSERVICE\tCLASS\tLIVE\tLIMIT\tTOTAL\tREFUSED\tDOWN\n")
	for _, v := range s.Services {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%s\t%s\n", v.Name, cmp.Or(v.Class, "denies"), v.Live, limit(v.Limit), v.Total, refused(v.Refused), down(v.Targets))
	}
	fmt.Fprint(t, "\nRULE\tAT\tSERVICE\tHITS\tLAST\n")
	for _, r := range s.Rules {
		last := "never"
		if !r.LastHit.IsZero() {
			last = r.LastHit.Format(time.DateTime)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\n", r.ID, r.Pos, r.Service, r.Hits, last)
	}
	if len(s.Certificates) > 0 {
		fmt.Fprint(t, "\nCERTIFICATE\tAT\tSERVICES\tUNTIL\tFILES\n")
	}
	for _, c := range s.Certificates {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.Subject, c.Pos, strings.Join(c.Services, ", "), c.NotAfter.Format(time.DateTime), cmp.Or(c.Outdated, "as shown"))
	}
}

func numbers(list []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ", "), "[]")
}

func limit(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// refused is how many sessions limits turned away.
func refused(by map[string]int64) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(by)) {
		list = append(list, fmt.Sprintf("%d by %s", by[name], name))
	}
	return cmp.Or(strings.Join(list, ", "), "-")
}

// down lists the servers that are down; "-": the service does not remember which are.
func down(targets []admin.Target) string {
	if len(targets) == 0 {
		return "-"
	}
	var list []string
	for _, t := range targets {
		if !t.Up {
			list = append(list, fmt.Sprintf("%s since %s", t.Address, t.DownSince.Format(time.DateTime)))
		}
	}
	return cmp.Or(strings.Join(list, ", "), fmt.Sprintf("none of %d", len(targets)))
}

// span is a time as people say it.
func span(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
