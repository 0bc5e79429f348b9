package source

import "testing"

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"forg_port", "forge_port"},
		{"forge_prot", "forge_port"},
		{"dst_prot", "dst_port"},
		{"Servcie", "Service"},
		{"colour", ""},
		{"x", ""},
	} {
		if got := Nearest(c.name, []string{"forge_addr", "forge_port", "dst_port", "dst_zone", "Service"}); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFindings(t *testing.T) {
	fs := Findings{
		{Pos: Pos{"a.star", 9, 1}, Severity: Warning, ID: "w", Message: "late"},
		{Pos: Pos{"b.star", 1, 1}, Severity: Note, ID: "n", Message: "other"},
		{Pos: Pos{"a.star", 2, 5}, Severity: Error, ID: "e", Message: "early", Hint: "write this"},
	}
	fs.Sort()
	want := "a.star:2:5: error: early [e]\n    write this\na.star:9:1: warning: late [w]\nb.star:1:1: note: other [n]"
	if fs.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", fs.Error(), want)
	}
	if !fs.HasErrors() || (Findings{}).HasErrors() {
		t.Error("HasErrors")
	}
}
