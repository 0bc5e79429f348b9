// Package catalogue is the list of all findings that the loading of a policy and the lint can make: one page for each
// id, with what it means, a policy that has it and one that has not. Package builtins/reference makes pages of the
// reference of them, and so command doc prints them.
//
// A page is a file of the folder pages, named after the id. To add one, write pages/ID.txtar,
//
//	warning: what is wrong, in one line
//
//	Why it matters and what to do about it, in paragraphs that are separated by an empty line.
//	-- bad.star --
//	the smallest policy that has the finding, and no other one
//	-- good.star --
//	the smallest change of it that has none
//
// and have the tests write the rest, one after the other (make update does both):
//
//	go test ./builtins/catalogue -update    adds the part "finding", which is what check says of bad.star
//	go test ./builtins/reference -update    puts the page into policies/REFERENCE.md
//
// The severity of the first line is error, warning or note, as bad.star has it. Further files of the archive are there
// for both policies to import. Right below the first line may stand settings: "instance: NAME" asks for an instance,
// "unreadable: FILE" is a file that cannot be read, "rights: none" is a user without rights on the host, and "besides: ID" is another finding that bad.star cannot be without.
package catalogue

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/tools/txtar"
)

//go:embed pages/*.txtar
var files embed.FS

// Page is what there is to say of one finding.
type Page struct {
	ID         string
	Severity   string            // of the example: "error", "warning" or "note"
	Summary    string            // one line
	Text       string            // why it matters, in paragraphs
	Instance   string            // that the examples ask for; mostly none
	Unreadable string            // a file that cannot be read; mostly none
	Besides    string            // the id of a finding that Bad has as well; mostly none
	NoRights   bool              // the user may neither open low ports nor forge addresses
	Bad, Good  string            // a policy that has it, and one that has not
	Finding    string            // what check says of Bad
	Others     map[string]string // files that both may import, by name
}

// Pages lists the pages by id.
func Pages() []Page { return pages() }

var pages = sync.OnceValue(read)

// Find is the page of id.
func Find(id string) (Page, bool) {
	for _, p := range Pages() {
		if p.ID == id {
			return p, true
		}
	}
	return Page{}, false
}

// read parses the folder, which is part of the program: an error is a bug, and a test looks for it.
func read() (list []Page) {
	entries, err := files.ReadDir("pages")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		text, err := files.ReadFile("pages/" + e.Name())
		if err != nil {
			panic(err)
		}
		p, err := parse(strings.TrimSuffix(e.Name(), ".txtar"), txtar.Parse(text))
		if err != nil {
			panic(err)
		}
		list = append(list, p)
	}
	return list
}

func parse(id string, archive *txtar.Archive) (Page, error) {
	p := Page{ID: id, Others: map[string]string{}}
	head, text, _ := strings.Cut(string(archive.Comment), "\n\n")
	head, settings, _ := strings.Cut(head, "\n")
	var ok bool
	if p.Severity, p.Summary, ok = strings.Cut(head, ": "); !ok {
		return p, fmt.Errorf("page %s does not begin with a severity and a summary", id)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(settings), "\n") {
		switch name, value, _ := strings.Cut(line, ": "); name {
		case "":
		case "instance":
			p.Instance = value
		case "unreadable":
			p.Unreadable = value
		case "rights":
			p.NoRights = true
		case "besides":
			p.Besides = value
		default:
			return p, fmt.Errorf("page %s: %q is no setting: an empty line must follow the summary", id, line)
		}
	}
	p.Text = strings.TrimSpace(text)
	p.files(archive.Files)
	return p, nil
}

func (p *Page) files(list []txtar.File) {
	for _, f := range list {
		switch text := string(f.Data); f.Name {
		case "bad.star":
			p.Bad = text
		case "good.star":
			p.Good = text
		case "finding":
			p.Finding = text
		default:
			p.Others[f.Name] = text
		}
	}
}
