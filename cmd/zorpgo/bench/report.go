package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is one row measured once. What does not apply is 0.
type result struct {
	Rate        float64 `json:"messages_per_second,omitempty"`
	CPU         float64 `json:"cpu_seconds_per_1000,omitempty"`
	P50         float64 `json:"p50_ms,omitempty"` // of whole sessions
	P99         float64 `json:"p99_ms,omitempty"`
	Sessions    int     `json:"idle_sessions,omitempty"`
	KiB         float64 `json:"kib_per_session,omitempty"`
	Descriptors int     `json:"descriptors,omitempty"` // open in the proxy, with these sessions
}

// row is one proxy in one workload.
type row struct {
	work     *workload
	proxy    *proxy
	results  []*result // by round; nil where it was not measured
	failures []error
}

// report is what was measured.
type report struct {
	rows        []*row
	absent      []string
	descriptors int // the most that a process may have
}

func newReport(works []*workload, proxies []*proxy) *report {
	r := &report{}
	for _, w := range works {
		for _, p := range proxies {
			if p.speaks(w.security) {
				r.rows = append(r.rows, &row{work: w, proxy: p})
			}
		}
	}
	return r
}

// row is that of a proxy in a workload.
func (r *report) row(w *workload, p *proxy) *row {
	return r.rows[slices.IndexFunc(r.rows, func(row *row) bool { return row.work == w && row.proxy == p })]
}

// failure is what went wrong in any row.
func (r *report) failure() error {
	var all []error
	for _, row := range r.rows {
		for _, err := range row.failures {
			all = append(all, fmt.Errorf("%s, %s: %w", row.proxy.name, row.work.name, err))
		}
	}
	return errors.Join(all...)
}

// figure is one measure of a result.
type figure func(*result) float64

var (
	rate = figure(func(r *result) float64 { return r.Rate })
	cpu  = figure(func(r *result) float64 { return r.CPU })
	p50  = figure(func(r *result) float64 { return r.P50 })
	p99  = figure(func(r *result) float64 { return r.P99 })
	kib  = figure(func(r *result) float64 { return r.KiB })
)

// median is that of the rounds; not ok if there is none.
func (w *row) median(f figure) (float64, bool) {
	var all []float64
	for _, r := range w.results {
		if r != nil && f(r) != 0 {
			all = append(all, f(r))
		}
	}
	return median(all)
}

// ratio is the median of the rounds' ratios to another row.
func (w *row) ratio(to *row, f figure) (float64, bool) {
	var all []float64
	for n, r := range w.results {
		if r != nil && to.results[n] != nil && f(r) != 0 && f(to.results[n]) != 0 {
			all = append(all, f(r)/f(to.results[n]))
		}
	}
	return median(all)
}

func median(all []float64) (float64, bool) {
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	half := len(all) / 2
	if len(all)%2 == 1 {
		return all[half], true
	}
	return (all[half-1] + all[half]) / 2, true
}

// copier is the row that a row is compared with.
func (r *report) copier(of *row) *row {
	for _, row := range r.rows {
		if row.work == of.work && row.proxy.name == copierName {
			return row
		}
	}
	return of
}

func (r *report) print(to io.Writer, asJSON bool) error {
	if asJSON {
		return r.json(to)
	}
	_, err := io.WriteString(to, r.table()+r.notes())
	return err
}

// columns are those of the table, after the name.
var columns = []string{"messages/s", "ratio", "CPU s/1000", "ratio", "p50 ms", "p99 ms", "KiB/session", "ratio"}

// line is one of the table's: a name and what stands in the columns.
func line(name string, cells []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s", name)
	for i, cell := range cells {
		fmt.Fprintf(&b, "%*s", max(len(columns[i]), 6)+2, cell)
	}
	return b.String() + "\n"
}

func (r *report) table() string {
	var b strings.Builder
	b.WriteString(line("", columns))
	var last *workload
	for _, row := range r.rows {
		if row.work != last {
			last = row.work
			fmt.Fprintln(&b, last)
		}
		b.WriteString(line("    "+row.proxy.name, row.cells(r.copier(row))))
	}
	return b.String()
}

// cells are the columns after the name.
func (w *row) cells(copier *row) (cells []string) {
	cell := func(format string) func(v float64, ok bool) {
		return func(v float64, ok bool) {
			if !ok {
				cells = append(cells, "-")
				return
			}
			cells = append(cells, fmt.Sprintf(format, v))
		}
	}
	cell("%.0f")(w.median(rate))
	cell("%.2f")(w.ratio(copier, rate))
	cell("%.3f")(w.median(cpu))
	cell("%.2f")(w.ratio(copier, cpu))
	cell("%.2f")(w.median(p50))
	cell("%.2f")(w.median(p99))
	cell("%.1f")(w.median(kib))
	cell("%.2f")(w.ratio(copier, kib))
	return cells
}

// notes are the lines below the table.
func (r *report) notes() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nratio: to the copier of the same round, the median of the rounds. %d processors, at most %d descriptors a process.\n",
		runtime.NumCPU(), r.descriptors)
	for _, row := range r.rows {
		for n, one := range row.results {
			if one != nil && one.Sessions > 0 && n == 0 {
				fmt.Fprintf(&b, "%s, %s: %d of %d sessions open, with %d descriptors%s\n",
					row.work.name, row.proxy.name, one.Sessions, row.work.idle, one.Descriptors, r.met(one))
			}
		}
		if len(row.failures) > 0 {
			fmt.Fprintf(&b, "%s, %s: failed in %d of %d rounds\n", row.work.name, row.proxy.name, len(row.failures), len(row.results))
		}
	}
	for _, line := range r.absent {
		fmt.Fprintf(&b, "not measured: %s\n", line)
	}
	return b.String()
}

// met says that there could be no more sessions for want of descriptors.
func (r *report) met(one *result) string {
	if one.Descriptors > r.descriptors-2*reserved {
		return ": the limit is met"
	}
	return ""
}

// json prints every figure of every round.
func (r *report) json(to io.Writer) error {
	type entry struct {
		Workload string    `json:"workload"`
		What     string    `json:"what"`
		AtATime  int       `json:"at_a_time"`
		Proxy    string    `json:"proxy"`
		Rounds   []*result `json:"rounds"`
	}
	out := struct {
		Date        string   `json:"date"`
		Processors  int      `json:"processors"`
		Descriptors int      `json:"descriptor_limit"`
		Absent      []string `json:"not_measured"`
		Rows        []entry  `json:"rows"`
	}{time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), r.descriptors, r.absent, nil}
	for _, row := range r.rows {
		out.Rows = append(out.Rows, entry{row.work.name, row.work.what, row.work.atATime, row.proxy.name, row.results})
	}
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
