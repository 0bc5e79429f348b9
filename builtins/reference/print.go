package reference

import (
	"fmt"
	"strings"

	"zorpgo/builtins/word"
)

const width = 96 // of a printed page

// Text is a page as a terminal shows it.
func Text(p *word.Page) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", p.Name, strings.Join(nonEmpty(string(p.Kind), p.Module), ", "))
	if also := also(p); len(also) > 0 {
		b.WriteString(wrap("also "+strings.Join(also, ", "), "", ""))
	}
	if p.Signature != "" {
		b.WriteString("\n" + wrap(p.Signature, "    ", "        "))
	}
	if p.Doc != "" {
		b.WriteString("\n" + wrap(p.Doc, "", ""))
	}
	if len(p.Rows) > 0 {
		b.WriteString("\n" + p.Title + "\n" + table(p.Rows))
	}
	for i, e := range p.Errors {
		if i == 0 {
			b.WriteString("\nErrors\n")
		}
		b.WriteString(wrap(e, "    ", "        "))
	}
	for _, x := range p.Examples {
		b.WriteString("\n" + x.Title + "\n" + indent(x.Text))
	}
	return b.String()
}

// also is what else finds the page, but for what its table lists.
func also(p *word.Page) []string {
	if p.Kind == word.Constants || p.Kind == word.Object {
		return nil
	}
	return p.Also
}

// table has the names in a column of their own: what they are, then what they mean.
func table(rows []word.Row) string {
	name := 0
	for _, r := range rows {
		name = max(name, len(r.Name))
	}
	var b strings.Builder
	for _, r := range rows {
		label := fmt.Sprintf("    %-*s  ", name, r.Name)
		blank := strings.Repeat(" ", len(label))
		if r.Type == "" {
			b.WriteString(wrap(r.Doc, label, blank))
			continue
		}
		what := r.Type
		switch r.Default {
		case "":
		case "must be given":
			what += "; " + r.Default
		default:
			what += "; default " + r.Default
		}
		b.WriteString(wrap(what, label, blank))
		if r.Doc != "" {
			b.WriteString(wrap(r.Doc, blank, blank))
		}
	}
	return b.String()
}

func nonEmpty(texts ...string) (list []string) {
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return list
}

// wrap breaks paragraphs into lines where there are blanks; the first line begins with first, all others with next.
func wrap(text, first, next string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if b.Len() > 0 {
			b.WriteByte('\n')
			first = next
		}
		line := first
		for word := range strings.FieldsSeq(paragraph) {
			if len(line)+1+len(word) > width && line != first && line != next {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = next
			}
			line += word + " "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}
