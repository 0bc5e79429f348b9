package report

import (
	"cmp"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"zorpgo/engine/source"
)

// Rule explains an id, for SARIF.
type Rule struct{ ID, Level, Summary, Text string }

// sarifSchema is where the form is defined: Static Analysis Results Interchange Format 2.1.0, by OASIS.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    string       `json:"id"`
	Short *sarifText   `json:"shortDescription,omitempty"`
	Full  *sarifText   `json:"fullDescription,omitempty"`
	Help  *sarifText   `json:"help,omitempty"`
	Usual *sarifConfig `json:"defaultConfiguration,omitempty"`
}

type sarifConfig struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	Line    int        `json:"startLine"`
	Col     int        `json:"startColumn,omitempty"`
	Snippet *sarifText `json:"snippet,omitempty"`
}

// SARIF writes found as a log of one run, with what rules says of the ids that occur.
func SARIF(w io.Writer, found source.Findings, rules func(id string) Rule, sources Sources) error {
	var ids []string
	for _, f := range found {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	run := sarifRun{Tool: sarifTool{sarifDriver{"zorpgo", []sarifRule{}}}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	for _, id := range ids {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(id, rules(id)))
	}
	for _, f := range found {
		index, _ := slices.BinarySearch(ids, f.ID)
		run.Results = append(run.Results, sarifResult{RuleID: f.ID, RuleIndex: index, Level: f.Severity.String(),
			Message: sarifText{strings.TrimSuffix(f.Message+"\n"+f.Hint, "\n")}, Locations: sarifPlaces(f.Pos, sources)})
	}
	return encode(w, sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

func sarifRuleOf(id string, r Rule) sarifRule {
	s := sarifRule{ID: id}
	if r.Summary != "" {
		s.Short = &sarifText{r.Summary}
		s.Full = &sarifText{cmp.Or(r.Text, r.Summary)}
		s.Help = &sarifText{"zorpgo doc " + id + " explains it, with an example"}
	}
	if r.Level != "" {
		s.Usual = &sarifConfig{r.Level}
	}
	return s
}

func sarifPlaces(p source.Pos, sources Sources) []sarifLocation {
	if p.File == "" {
		return nil
	}
	at := sarifPhysical{Artifact: sarifArtifact{uri(p.File)}}
	if p.IsValid() {
		at.Region = &sarifRegion{Line: p.Line, Col: p.Col}
		if line, ok := sources.line(p); ok {
			at.Region.Snippet = &sarifText{line}
		}
	}
	return []sarifLocation{{at}}
}

// uri refers to a file as RFC 3986 has it: relative to where the command ran, if it was named so.
func uri(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
