package reference

import (
	"fmt"
	"strings"

	"zorpgo/builtins/word"
)

// Overview is all there is, in one screen.
func Overview() string {
	var b strings.Builder
	b.WriteString("zorpgo doc NAME explains one of these; zorpgo doc CHAPTER lists its pages, one line each.\n\n")
	label := 0
	for _, c := range Chapters() {
		label = max(label, len(command(c.Title)))
	}
	for _, c := range Chapters() {
		b.WriteString(wrap(few(c), fmt.Sprintf("%-*s  ", label, command(c.Title)), strings.Repeat(" ", label+2)))
	}
	b.WriteString("\n" + wrap("The rest is Starlark: def, if and for; print, len, range, str and the like; text, lists and dictionaries.", "", ""))
	return b.String()
}

// command is what a chapter's title is on the command line.
func command(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }

// few are the names of a chapter, or some of them if they are many.
func few(c Chapter) string {
	const many, some = 50, 8
	var names []string
	for _, p := range c.Pages {
		if p.Kind == word.Module && strings.Contains(p.Doc, "without import") && p.Name != "Zorp.Core" {
			continue // other names of the same
		}
		names = append(names, strings.ReplaceAll(p.Name, " ", "_"))
	}
	if len(names) <= many {
		return strings.Join(names, " ")
	}
	return fmt.Sprintf("%d, such as %s", len(names), strings.Join(names[:some], " "))
}

// List is a chapter with a line for each page; "" if there is none of that title.
func List(title string) string {
	for _, c := range Chapters() {
		if !strings.EqualFold(strings.ReplaceAll(title, " ", "-"), command(c.Title)) {
			continue
		}
		text, label := c.Title+"\n", 0
		for _, p := range c.Pages {
			label = max(label, len(p.Name))
		}
		for _, p := range c.Pages {
			text += wrap(brief(&p), fmt.Sprintf("    %-*s  ", label, p.Name), strings.Repeat(" ", label+6))
		}
		return text
	}
	return ""
}

// brief is the page in one line.
func brief(p *word.Page) string {
	if p.Kind == word.Finding {
		return p.Signature
	}
	sentence, _, _ := strings.Cut(strings.TrimSuffix(p.Doc, "."), ". ")
	return sentence
}
