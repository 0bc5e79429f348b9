package smtp

import (
	"bytes"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	none, appended, bare, utf8 := pathRules{null: true}, pathRules{appendDomain: "d.example"}, pathRules{omitBrackets: true}, pathRules{utf8: true}
	for _, c := range []struct {
		in    string
		rules pathRules
		out   string // "!" is refused
		rest  string
	}{
		{"<username@domain>", none, "username@domain", ""},
		{"<>", none, "", ""},
		{"<>", pathRules{}, "!", ""},
		{"<@hop1,@hop2,@hop3:username@domain>", none, "username@domain", ""},
		{"<@hop1:>", none, "!", ""},
		{"<@:u@d>", none, "!", ""},
		{"<:u@d>", none, "!", ""},
		{"<@hop1@u@d>", none, "!", ""},
		{"<@hop1:;u@d>", none, "!", ""},
		{"<@hop1,u@d>", none, "!", ""},
		{"<@h1:@h2:u@d>", none, "!", ""},
		{`<"firstname lastname"@domain>`, none, `"firstname lastname"@domain`, ""},
		{"<u@[1.2.3.4]>", none, "u@[1.2.3.4]", ""},
		{"<u@[IPv6:2001:db8::1]>", none, "u@[IPv6:2001:db8::1]", ""},
		{"<u@[2001:db8::1]>", none, "!", ""},
		{"<u@[IPv6:1.2.3.4]>", none, "!", ""},
		{"<u@[domain literal]>", none, "!", ""},
		{"<u@[1.2.3.4>", none, "!", ""},
		{"<u@#123456>", none, "!", ""},
		{`<"a@b"@c>`, none, `"a@b"@c`, ""},
		{`<""@c>`, none, `""@c`, ""},
		{`<"a"b@c>`, none, "!", ""},
		{`<"a@c>`, none, "!", ""},
		{"<usernamedomain>", none, "!", ""},
		{"<postmaster>", none, "!", ""},
		{"<PostMaster>", pathRules{}, "PostMaster", ""},
		{"<postmaster>", appended, "postmaster@d.example", ""},
		{"<username@domain", none, "!", ""},
		{"username@domain>", bare, "username@domain", ">"},
		{"username@domain", none, "!", ""},
		{"username@domain", bare, "username@domain", ""},
		{"<a=b=c@lists.example> SIZE=10037", none, "a=b=c@lists.example", " SIZE=10037"},
		{"a=b=c@lists.example SIZE=10037", bare, "a=b=c@lists.example", " SIZE=10037"},
		{"<a@[x]y>", none, "!", ""},
		{"<<a@b>>", none, "!", ""},
		{"<a,b@c>", none, "!", ""},
		{`<a\@b@c>`, none, "!", ""},
		{"<a@b.c(d)>", none, "!", ""},
		{"<.@.>", none, "!", ""},
		{"<a..b@c..d>", none, "!", ""},
		{"<a.@c>", none, "!", ""},
		{"<a@c->", none, "!", ""},
		{"<a@-c>", none, "!", ""},
		{"<ü@d>", none, "!", ""},
		{"<ü@dü>", utf8, "ü@dü", ""},
		{"<\xff@d>", utf8, "!", ""},
		{"<a@" + strings.Repeat("d", 256) + ">", none, "!", ""},
		{"<" + strings.Repeat("l", 300) + "@d>", none, strings.Repeat("l", 300) + "@d", ""},
	} {
		p, rest, err := parsePath([]byte(c.in), c.rules)
		out := string(p.Address)
		if err != nil {
			out, rest = "!", nil
		}
		if out != c.out || string(rest) != c.rest {
			t.Errorf("%s: %q, rest %q, want %q, %q", c.in, out, rest, c.out, c.rest)
		}
	}
}

// FuzzPath: what is accepted, written canonically, is read as the same again, and holds no control byte.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"<a@b>", "<>", `<"x\"y"@[1.2.3.4]>`, "<@a,@b:c@d>", "a@b", "<postmaster>", "<ü@ü>"} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, utf8 bool) {
		p, _, err := parsePath(in, pathRules{omitBrackets: true, null: true, utf8: utf8})
		if err != nil {
			return
		}
		if bytes.ContainsAny(p.Address, "\r\n\x00\t") {
			t.Fatalf("%q gives %q", in, p.Address)
		}
		again, rest, err := parsePath([]byte("<"+string(p.Address)+">"), pathRules{null: true, utf8: utf8})
		if err != nil || len(rest) > 0 || !bytes.Equal(again.Address, p.Address) || !bytes.Equal(again.LocalPart, p.LocalPart) || !bytes.Equal(again.Domain, p.Domain) {
			t.Fatalf("%q gives %q, which gives %q (%v)", in, p.Address, again.Address, err)
		}
	})
}
