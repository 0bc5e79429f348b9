package report_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"zorpgo/engine/report"
	"zorpgo/engine/source"
)

// shape is what the schema of SARIF 2.1.0 says of a kind of object, as far as zorpgo writes it: its properties, each
// with its kind ("!" in front: required), and no others.
type shape map[string]string

// The kinds: string, text (a string that is not empty), uri, natural (1 or more), index (0 or more), what enums has,
// what shapes has, and lists of them.
var shapes = map[string]shape{
	"log":              {"$schema": "uri", "version": "!version", "runs": "![run"},
	"run":              {"tool": "!tool", "columnKind": "columnKind", "results": "[result"},
	"tool":             {"driver": "!toolComponent"},
	"toolComponent":    {"name": "!text", "rules": "[reporting"},
	"reporting":        {"id": "!text", "shortDescription": "multiformat", "fullDescription": "multiformat", "help": "multiformat", "defaultConfiguration": "configuration"},
	"multiformat":      {"text": "!text"},
	"configuration":    {"level": "level"},
	"result":           {"ruleId": "text", "ruleIndex": "index", "level": "level", "message": "!message", "locations": "[location"},
	"message":          {"text": "!text"},
	"location":         {"physicalLocation": "physicalLocation"},
	"physicalLocation": {"artifactLocation": "!artifactLocation", "region": "region"},
	"artifactLocation": {"uri": "!uri"},
	"region":           {"startLine": "!natural", "startColumn": "natural", "snippet": "content"},
	"content":          {"text": "string"},
}

var enums = map[string][]string{
	"version":    {"2.1.0"},
	"level":      {"none", "note", "warning", "error"},
	"columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
}

func valid(t *testing.T, path, kind string, v any) {
	t.Helper()
	kind = strings.TrimPrefix(kind, "!")
	if element, isList := strings.CutPrefix(kind, "["); isList {
		list, ok := v.([]any)
		if !ok {
			t.Errorf("%s: %v is no list", path, v)
		}
		for _, e := range list {
			valid(t, path+"[]", element, e)
		}
		return
	}
	if s, ok := shapes[kind]; ok {
		validObject(t, path, s, v)
		return
	}
	if !validScalar(kind, v) {
		t.Errorf("%s: %v is no %s", path, v, kind)
	}
}

func validScalar(kind string, v any) bool {
	number, _ := v.(float64)
	text, isText := v.(string)
	switch kind {
	case "string":
		return isText
	case "text":
		return text != ""
	case "uri":
		_, err := url.Parse(text)
		return err == nil && text != "" && !strings.ContainsAny(text, " \\")
	case "natural":
		return number >= 1 && number == float64(int(number))
	case "index":
		return !isText && number >= 0 && number == float64(int(number))
	}
	return slices.Contains(enums[kind], text)
}

func validObject(t *testing.T, path string, s shape, v any) {
	t.Helper()
	object, ok := v.(map[string]any)
	if !ok {
		t.Errorf("%s: %v is no object", path, v)
	}
	for name, value := range object {
		if s[name] == "" {
			t.Errorf("%s has no property %s", path, name)
			continue
		}
		valid(t, path+"."+name, s[name], value)
	}
	for name, kind := range s {
		if _, there := object[name]; !there && strings.HasPrefix(kind, "!") {
			t.Errorf("%s lacks %s", path, name)
		}
	}
}

func TestSARIF(t *testing.T) {
	for _, found := range []source.Findings{nil, some} {
		var b bytes.Buffer
		rules := func(id string) report.Rule {
			if id == "a-note" {
				return report.Rule{ID: id} // without a page
			}
			return report.Rule{ID: id, Level: "error", Summary: "a summary", Text: "a text"}
		}
		if err := report.SARIF(&b, found, rules, sources); err != nil {
			t.Fatal(err)
		}
		var log any
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		valid(t, "log", "log", log)
		run := log.(map[string]any)["runs"].([]any)[0].(map[string]any)
		rows := run["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any)
		results := run["results"].([]any)
		if len(results) != len(found) {
			t.Errorf("%d results of %d findings", len(results), len(found))
		}
		for i, r := range results {
			r := r.(map[string]any)
			if rule := rows[int(r["ruleIndex"].(float64))].(map[string]any); rule["id"] != r["ruleId"] || r["ruleId"] != found[i].ID {
				t.Errorf("result %d is of rule %v, its index of %v", i, r["ruleId"], rule["id"])
			}
			if level := r["level"]; level != found[i].Severity.String() {
				t.Errorf("result %d is of level %v", i, level)
			}
		}
	}
}

func TestSARIFPlaces(t *testing.T) {
	var b bytes.Buffer
	if err := report.SARIF(&b, some, func(id string) report.Rule { return report.Rule{ID: id} }, sources); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"uri": "p%20q.star"`, `"startLine": 1,`, `"startColumn": 6,`, `"text": "Rule(dst_prot=25)"`,
		`"text": "Rule: <dst_prot>\ndid you mean dst_port?"`, `"uri": "file:///etc/p%25.star"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %s in\n%s", want, b.String())
		}
	}
}
