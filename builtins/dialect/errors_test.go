package dialect

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestErrors reads chunks of policy whose lines say "### column: message" where a finding is due.
func TestErrors(t *testing.T) {
	data, err := os.ReadFile("testdata/errors.star")
	if err != nil {
		t.Fatal(err)
	}
	mark := regexp.MustCompile(` ### (\d+): (.*)`)
	for n, chunk := range strings.Split(string(data), "---\n") {
		want := map[string]string{}
		for i, line := range strings.Split(chunk, "\n") {
			if m := mark.FindStringSubmatch(line); m != nil {
				want[fmt.Sprintf("%d:%s", i+1, m[1])] = m[2]
			}
		}
		_, findings := Parse("p.star", []byte(mark.ReplaceAllString(chunk, "")))
		for _, f := range findings {
			at := fmt.Sprintf("%d:%d", f.Pos.Line, f.Pos.Col)
			message, due := want[at]
			if !due || !strings.Contains(f.Message, message) {
				t.Errorf("chunk %d: got %v", n+1, f)
			}
			delete(want, at)
		}
		for at, message := range want {
			t.Errorf("chunk %d: nothing said at %s, want %q", n+1, at, message)
		}
	}
}
