package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"zorpgo/engine/report"
	"zorpgo/engine/source"
)

func at(line, col int) source.Pos { return source.Pos{File: "p q.star", Line: line, Col: col} }

var policy = map[string]string{"p q.star": "\ufeffRule(dst_prot=25)\r\n\tRule(\tx)\nname = \"größe 漢字\", x\ne\u0301 = \x1b[2J 1\n" + strings.Repeat("a", 400)}

func sources(file string) ([]byte, bool) {
	text, ok := policy[file]
	return []byte(text), ok
}

// The caret stands under the character that is meant, whatever is before it in the line.
func TestText(t *testing.T) {
	for _, c := range []struct {
		name string
		pos  source.Pos
		want string // below the first line
	}{
		{"plain, after a byte order mark", at(1, 6), "    Rule(dst_prot=25)\n         ^\n"},
		{"tabs", at(2, 8), "    \tRule(\tx)\n    \t     \t^\n"},
		{"letters of two bytes and of two columns", at(3, 19), "    name = \"größe 漢字\", x\n                        ^\n"},
		{"combining marks and what a terminal obeys", at(4, 11), "    e\u0301 = \ufffd[2J 1\n             ^\n"},
		{"past the end", at(1, 99), "    Rule(dst_prot=25)\n                     ^\n"},
		{"a long line", at(5, 300), "    ..." + strings.Repeat("a", 160) + "...\n       " + strings.Repeat(" ", 80) + "^\n"},
		{"a line that is not there", at(9, 1), ""},
		{"another file", source.Pos{File: "gone", Line: 1, Col: 1}, ""},
		{"no place", source.Pos{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			found := source.Findings{{Pos: c.pos, Severity: source.Error, ID: "id", Message: "wrong", Hint: "write\nthis"}}
			if err := report.Text(&b, found, sources); err != nil {
				t.Fatal(err)
			}
			if want := c.pos.String() + ": error: wrong [id]\n" + c.want + "    write\n    this\n"; b.String() != want {
				t.Errorf("got\n%swant\n%s", b.String(), want)
			}
		})
	}
}

var some = source.Findings{
	{Pos: at(1, 6), Severity: source.Error, ID: "unknown-parameter", Message: "Rule: <dst_prot>", Hint: "did you mean dst_port?"},
	{Pos: source.Pos{File: "/etc/p%.star"}, Severity: source.Note, ID: "a-note", Message: "of a file"},
	{Severity: source.Warning, ID: "unknown-parameter", Message: "of nothing"},
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b, some); err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"errors":1,"warnings":1,"notes":1,"findings":[` +
		`{"file":"p q.star","line":1,"column":6,"severity":"error","id":"unknown-parameter","message":"Rule: <dst_prot>","hint":"did you mean dst_port?"},` +
		`{"file":"/etc/p%.star","line":0,"column":0,"severity":"note","id":"a-note","message":"of a file","hint":""},` +
		`{"file":"","line":0,"column":0,"severity":"warning","id":"unknown-parameter","message":"of nothing","hint":""}]}`
	var got bytes.Buffer
	if err := json.Compact(&got, b.Bytes()); err != nil || got.String() != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got.String(), want)
	}
	b.Reset()
	if err := report.JSON(&b, nil); err != nil || !strings.Contains(b.String(), `"findings": []`) {
		t.Errorf("without findings: %v %s", err, b.String())
	}
}
