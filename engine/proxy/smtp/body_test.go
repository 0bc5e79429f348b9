package smtp

import (
	"bytes"
	"strings"
	"testing"
)

// passAll runs data through scan in chunks that end at the given places.
func passAll(data []byte, cuts ...int) (out []byte, used int, event bodyEvent) {
	b := body{lineStart: true}
	pending := 0
	for _, end := range append(cuts, len(data)) {
		for {
			pass, n, ev := b.scan(data[pending:end])
			out = append(out, pass...)
			pending += n
			if ev == bodyEnd || ev == bodyFault {
				return out, pending, ev
			}
			if ev == bodyMore {
				break
			}
		}
	}
	return out, pending, bodyMore
}

func TestBodyEverySplit(t *testing.T) {
	for _, c := range []struct {
		in, out string
		event   bodyEvent
	}{
		{".\r\n", ".\r\n", bodyEnd},
		{"a\r\n.\r\nNOOP\r\n", "a\r\n.\r\n", bodyEnd},
		{"..a\r\n.b\r\n...\r\n.\r\n", "..a\r\nb\r\n...\r\n.\r\n", bodyEnd},
		{".a\r\n..\r\n.\r\n", "a\r\n..\r\n.\r\n", bodyEnd},
		{"a.\r\n.\r\n", "a.\r\n.\r\n", bodyEnd},
		{"\r\n\r\n.\r\n", "\r\n\r\n.\r\n", bodyEnd},
		{"a\n.\r\n", "a", bodyFault},
		{"a\r.\r\n", "a", bodyFault},
		{"a\r\n.\n", "a\r\n", bodyFault},
		{"a\r\n.\r.\r\n", "a\r\n", bodyFault},
		{"a\r\r\n.\r\n", "a", bodyFault},
		{"a\x00\r\n.\r\n", "a", bodyFault},
		{"\n", "", bodyFault},
		{"\x00", "", bodyFault},
		{".x\ry\r\n", "x", bodyFault},
		{"abc", "abc", bodyMore},
	} {
		in := []byte(c.in)
		for i := 0; i <= len(in); i++ {
			for j := i; j <= len(in); j++ {
				out, _, event := passAll(in, i, j)
				if string(out) != c.out || event != c.event {
					t.Fatalf("%q cut at %d and %d: passed %q, event %d; want %q, %d", c.in, i, j, out, event, c.out, c.event)
				}
			}
		}
	}
}

func TestNormaliseEverySplit(t *testing.T) {
	for _, c := range []struct {
		in, out string
		event   bodyEvent
	}{
		{"a\n.\nb\r\n.\r\n", "a\r\n..\r\nb\r\n.\r\n", bodyEnd},
		{"a\r.\rb\r\n.\r\n", "a\r\n..\r\nb\r\n.\r\n", bodyEnd},
		{"a\n.\r\nb\r\n.\r\n", "a\r\n..\r\nb\r\n.\r\n", bodyEnd},
		{"a\r\n.\nb\r\n.\r\n", "a\r\n\r\nb\r\n.\r\n", bodyEnd},
		{"..a\r\n.b\r\n.\r\n", "..a\r\nb\r\n.\r\n", bodyEnd},
		{"a\r\r\n.\r\n", "a\r\n\r\n.\r\n", bodyEnd},
		{"a\x00", "a", bodyFault},
	} {
		in := []byte(c.in)
		for i := 0; i <= len(in); i++ {
			b := body{lineStart: true}
			out, used, event := b.normalise(nil, in[:i])
			if event == bodyMore {
				out, _, event = b.normalise(out, in[used:])
			}
			if string(out) != c.out || event != c.event {
				t.Errorf("%q cut at %d: %q, event %d; want %q, %d", c.in, i, out, event, c.out, c.event)
			}
		}
	}
}

// model reads mail data the slow and obvious way: what goes to the server, and how it stops.
func model(in string) (out string, event bodyEvent) {
	for {
		line, rest, ok := strings.Cut(in, "\r\n")
		if i := strings.IndexAny(line, "\r\n\x00"); i >= 0 && (ok || !(line[i] == '\r' && i == len(line)-1)) {
			return "", bodyFault
		}
		switch {
		case !ok:
			return "", bodyMore
		case line == ".":
			return out + ".\r\n", bodyEnd
		case strings.HasPrefix(line, ".") && !strings.HasPrefix(line, ".."):
			line = line[1:]
		}
		out, in = out+line+"\r\n", rest
	}
}

// FuzzBody: however mail data is cut, the server gets what the model says; nothing that any server could take for an
// end but the true one, and no lone CR, lone LF or NUL.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{".\r\n", "a\r\n.\r\n", "a\n.\n", "..\r\n.\r\n", "a\r\n.\r\r\n", ".x\r\n\r\n.\r\n", "a\r\n\x00.\r\n"} {
		f.Add([]byte(seed), uint16(1), uint16(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, i, j uint16) {
		a := int(i) % (len(in) + 1)
		b := a + int(j)%(len(in)-a+1)
		out, used, event := passAll(in, a, b)
		if bytes.IndexByte(out, 0) >= 0 || bytes.Count(out, []byte("\r")) != bytes.Count(out, crlf) || bytes.Count(out, []byte("\n")) != bytes.Count(out, crlf) {
			t.Fatalf("%q: passed %q", in, out)
		}
		want, wantEvent := model(string(in))
		if event != wantEvent && !(wantEvent == bodyFault && event == bodyMore) || event == bodyEnd && string(out) != want {
			t.Fatalf("%q cut at %d, %d: %q, event %d; model %q, %d", in, a, b, out, event, want, wantEvent)
		}
		if n, ended := (&body{lineStart: true}).skip(in); event == bodyEnd && (!ended || n != used) {
			t.Fatalf("%q: skip stops at %d, scan at %d", in, n, used)
		}
		nb := body{lineStart: true}
		dst, _, _ := nb.normalise(nil, in)
		if i := bytes.Index(dst, []byte("\r\n.\r\n")); i >= 0 && i+5 != len(dst) {
			t.Fatalf("%q: normalised to %q", in, dst)
		}
	})
}
