package graph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"
)

func svg(t testing.TB, g *Graph, o SVGOptions) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := g.SVG(&out, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// wellFormed reads a document to its end and lists the values of attributes called name.
func wellFormed(t testing.TB, text []byte, name string) (values []string) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return values
		} else if err != nil {
			t.Fatal(err)
		}
		if begin, ok := token.(xml.StartElement); ok {
			for _, a := range begin.Attr {
				if a.Name.Local == name {
					values = append(values, a.Value)
				}
			}
		}
	}
}

func TestIDs(t *testing.T) {
	g := Of(small(t))
	got := map[string]int{}
	for _, id := range wellFormed(t, svg(t, g, SVGOptions{IDPrefix: "drawn-"}), "id") {
		got[id]++
	}
	for _, want := range []string{"zone-dmz", "zone-lab------", "zone--anywhere", "rule-1", "rule-4", "service-mail", "service-no",
		"router-mail", "target-172.16.20.254-25"} {
		if got["drawn-"+want] != 1 {
			t.Errorf("%s is there %d times: %v", want, got["drawn-"+want], got)
		}
	}
}

func TestLinks(t *testing.T) {
	text := svg(t, Of(small(t)), SVGOptions{Nonce: `a"b`, Href: func(n *Node) string {
		if n.Kind != Rule {
			return ""
		}
		return "#" + n.ID + `"&`
	}})
	links := wellFormed(t, text, "href")
	if len(links) != 4 || links[0] != `#rule-1"&` {
		t.Error(links)
	}
	if nonces := wellFormed(t, text, "nonce"); len(nonces) != 1 || nonces[0] != `a"b` {
		t.Error(nonces)
	}
}
