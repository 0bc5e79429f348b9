// Package report writes findings for who reads them: people at a terminal, programs (JSON), and tools that collect the
// results of static analysis (SARIF).
//
// The commands check and run call it. The JSON form is one object:
//
//	{
//	  "version": 1,                     of this form; it grows only if a name vanishes or changes its meaning
//	  "errors": 1, "warnings": 0, "notes": 0,
//	  "findings": [                     by position; [] if there are none
//	    {
//	      "file": "mail.star",          as it was named; "" if it lies in no file
//	      "line": 5, "column": 80,      from 1, columns in characters; 0 if it lies in no line
//	      "severity": "error",          or "warning", "note"
//	      "id": "unknown-parameter",    zorpgo doc ID explains it
//	      "message": "...",             what is wrong
//	      "hint": "..."                 what to write instead; may be ""
//	    }
//	  ]
//	}
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"zorpgo/engine/source"
)

// Sources gives the text of a file of the policy, and false if it is not known.
type Sources func(file string) ([]byte, bool)

// line is what stands in the line of p, without its end, and false if there is no such line.
func (s Sources) line(p source.Pos) (string, bool) {
	if s == nil || !p.IsValid() {
		return "", false
	}
	text, ok := s(p.File)
	if !ok {
		return "", false
	}
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") // a byte order mark has no column
	if p.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[p.Line-1], "\r"), true
}

// Tally counts findings in words: "2 errors, 1 warning".
func Tally(found source.Findings) string {
	var parts []string
	for _, severity := range []source.Severity{source.Error, source.Warning, source.Note} {
		switch n := count(found, severity); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+severity.String())
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, severity))
		}
	}
	return strings.Join(parts, ", ")
}

func count(found source.Findings, severity source.Severity) (n int) {
	for _, f := range found {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

type document struct {
	Version  int       `json:"version"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	Notes    int       `json:"notes"`
	Findings []finding `json:"findings"`
}

type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"`
	ID       string `json:"id"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

// JSON writes found as one object, as the package says.
func JSON(w io.Writer, found source.Findings) error {
	d := document{Version: 1, Findings: []finding{}, Errors: count(found, source.Error),
		Warnings: count(found, source.Warning), Notes: count(found, source.Note)}
	for _, f := range found {
		d.Findings = append(d.Findings, finding{File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Col,
			Severity: f.Severity.String(), ID: f.ID, Message: f.Message, Hint: f.Hint})
	}
	return encode(w, d)
}

func encode(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
