package smtp

import "testing"

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		in    string
		hops  int
		over  bool
		fault headerFault
	}{
		{"From: a\r\nTo: b\r\n\r\nFrom: c\r\n", 0, true, headerOK},
		{"Received: a\r\nrecEIVED : b\r\n", 2, false, headerSpace},
		{"Received: a\r\nRECEIVED:b\r\n\tReceived: c\r\n\r\nReceived: d", 2, true, headerOK},
		{"X-Received: a\r\nReceived-SPF: b\r\n\r\n", 0, true, headerOK},
		{"From: a\r\nfrom: b\r\n\r\n", 0, true, headerTwice},
		{"Subject: a\r\nnonsense\r\n\r\n", 0, true, headerNoColon},
		{"From :x\r\n\r\n", 0, true, headerSpace},
		{" folded\r\nFrom: a\r\n\r\n", 0, true, headerFolded},
		{"\r\nbody\r\n", 0, true, headerNone},
		{"A-very-long-field-name-indeed: a\r\n\r\n", 0, true, headerOK},
		{"Comments: a\r\nComments: b\r\n\r\n", 0, true, headerOK},
	} {
		for cut := range len(c.in) + 1 {
			var h header
			h.scan([]byte(c.in[:cut]))
			if !h.over {
				h.scan([]byte(c.in[cut:]))
			}
			if h.hops != c.hops || h.over != c.over || h.fault != c.fault {
				t.Fatalf("%q cut at %d: %d hops, over %v, %q", c.in, cut, h.hops, h.over, h.fault)
			}
		}
	}
}
