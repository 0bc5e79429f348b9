package graph

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// SVGOptions are what may differ in an SVG.
type SVGOptions struct {
	Href     func(*Node) string // where a click on a box leads; nil, or "": nowhere
	IDPrefix string             // stands before all ids, where a page has elements with these ids already
	Nonce    string             // of the style element, for pages whose Content-Security-Policy asks for one
}

// heads are the names of the columns.
var heads = [...]string{"Clients", "Rules", "Services", "Routers", "Servers"}

// pen writes an SVG.
type pen struct {
	SVGOptions
	bytes.Buffer
	drawing *drawing
	numbers map[*Node]int // for the classes by which a box lights its arrows up
}

// SVG writes g as an SVG document, which may stand in a page as it is.
func (g *Graph) SVG(w io.Writer, o SVGOptions) error {
	p := &pen{SVGOptions: o, drawing: layOut(g), numbers: map[*Node]int{}}
	for i, n := range g.Nodes {
		p.numbers[n] = i
	}
	legend := p.legend(g)
	p.begin(g, legend.height)
	for _, a := range p.drawing.arrows {
		p.arrow(a)
	}
	for _, column := range p.drawing.columns {
		for _, b := range column {
			p.nesting(b)
			p.box(b)
		}
	}
	p.WriteString(legend.text)
	p.WriteString("</svg>\n")
	_, err := w.Write(p.Bytes())
	return err
}

// begin writes what stands before the first box.
func (p *pen) begin(g *Graph, below float64) {
	d := p.drawing
	d.width, d.height = max(d.width, 640), max(d.height, margin+headHeight)+below
	role := "img"
	if p.Href != nil {
		role = "group" // what is in an image is no link
	}
	p.put(`<svg xmlns="http://www.w3.org/2000/svg" class="policy-graph" role="%s" aria-labelledby="%spolicy-graph-title %[2]spolicy-graph-summary" `, role, escape(p.IDPrefix))
	p.put(`width="%.0f" height="%.0f" viewBox="0 0 %[1]g %[2]g">`+"\n", d.width, d.height)
	p.put(`<title id="%spolicy-graph-title">%s</title>`+"\n", escape(p.IDPrefix), escape(g.Title))
	p.put(`<desc id="%spolicy-graph-summary">%s</desc>`+"\n", escape(p.IDPrefix), escape(g.Summary))
	nonce := ""
	if p.Nonce != "" {
		nonce = ` nonce="` + escape(p.Nonce) + `"`
	}
	p.put("<style%s>\n%s</style>\n", nonce, style(len(g.Nodes)))
	p.put(`<rect class="ground" width="%.0f" height="%.0f"/>`+"\n", d.width, d.height)
	p.text("title", margin, margin+8, fit(g.Title, 18*bold, d.width-2*margin))
	p.text("summary", margin, margin+26, fit(g.Summary, bodySize, d.width-2*margin))
	for _, column := range d.columns {
		first := column[0]
		p.text("head", first.x-float64(first.depth)*indent, margin+headHeight-12, heads[first.Kind])
	}
}

func (p *pen) put(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *pen) text(class string, x, y float64, text string) {
	p.put(`<text class="%s" x="%.1f" y="%.1f">%s</text>`+"\n", class, x, y, escape(text))
}

// arrow writes one arrow, with its label where it begins.
func (p *pen) arrow(a *arrow) {
	half := (a.endX - a.startX) / 2
	faint := ""
	if a.Label == "never" {
		faint = " faint"
	}
	p.put(`<g class="arrow%s n%d n%d"><title>%s</title>`, faint, p.numbers[a.From], p.numbers[a.To], escape(a.words()))
	p.put(`<path class="line" d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/>`, a.startX, a.startY,
		a.startX+half, a.startY, a.endX-half, a.endY, a.endX-4, a.endY)
	p.put(`<path class="tip" d="M%.1f %.1fl-7 -3.5v7z"/>`, a.endX, a.endY)
	if a.Label != "" {
		p.text("label", a.startX+5, a.startY-3, a.Label)
	}
	p.put("</g>\n")
}

func (e *Edge) words() string {
	text := e.From.Name + " → " + e.To.Name
	if e.Label != "" {
		text += " (" + e.Label + ")"
	}
	return text
}

// nesting draws the line from a zone to the one that it is in.
func (p *pen) nesting(b *box) {
	for _, c := range b.children {
		p.put(`<path class="nesting" d="M%.1f %.1fV%.1fH%.1f"/>`+"\n", b.x+indent/2, b.y+b.h, c.middle(), c.x)
	}
}

func (p *pen) box(b *box) {
	class := b.Kind.String()
	if b.Deny {
		class = "deny"
	}
	if b.Faint {
		class += " faint"
	}
	p.put(`<g class="node %s n%d" id="%s" role="img"><title>%s</title><desc>%s</desc>`, class, p.numbers[b.Node],
		escape(p.IDPrefix+b.ID), escape(b.title()), escape(b.neighbours()))
	for _, also := range b.Also {
		p.put(`<g id="%s"/>`, escape(p.IDPrefix+also))
	}
	href := ""
	if p.Href != nil {
		href = p.Href(b.Node)
	}
	if href != "" {
		p.put(`<a href="%s">`, escape(href))
	}
	p.put("\n"+`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5"/>`+"\n", b.x, b.y, b.w, b.h)
	p.words(b)
	if href != "" {
		p.put("</a>")
	}
	p.put("</g>\n")
}

// words writes what a box shows.
func (p *pen) words(b *box) {
	y, room := b.y+padding+10, b.w-2*padding
	if at := b.place(); b.below {
		p.text("place", b.x+b.w-padding, b.y+b.h-padding, fit(at, placeSize, room))
	} else if at != "" {
		p.text("place", b.x+b.w-padding, y, at)
		room -= textWidth(at, placeSize)
	}
	p.text("name", b.x+padding, y, fit(b.Name, nameSize*bold, room))
	room = b.w - 2*padding
	for _, line := range b.Lines {
		y += lineHeight
		p.text("more", b.x+padding, y, fit(line, bodySize, room))
	}
}

// neighbours says in words where the arrows of b come from and go to.
func (b *box) neighbours() string {
	var from, to []string
	for _, a := range b.in {
		from = append(from, a.From.Name)
	}
	for _, a := range b.out {
		to = append(to, a.To.Name)
	}
	var parts []string
	if b.Parent != nil {
		parts = append(parts, "in "+b.Parent.Name)
	}
	if len(from) > 0 {
		parts = append(parts, "from "+strings.Join(from, ", "))
	}
	if len(to) > 0 {
		parts = append(parts, "to "+strings.Join(to, ", "))
	}
	return strings.Join(parts, "; ")
}

// escape is text as XML has it; characters that XML has not become U+FFFD.
func escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder takes all
	return out.String()
}
