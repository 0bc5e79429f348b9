package graph

import (
	"fmt"
	"strings"
)

// look is how boxes of one class are drawn.
type look struct{ class, says, light, lightEdge, dark, darkEdge string }

// looks are those of all classes, in the order of the legend.
var looks = []look{
	{"zone", "zone", "#e3eefb", "#4a7fb5", "#1d3147", "#6ea3da"},
	{"rule", "rule", "#fdf3d3", "#b0861a", "#3a3018", "#d3ac4a"},
	{"service", "service", "#e2f4e4", "#3d8a4c", "#1b3522", "#67b879"},
	{"deny", "service that refuses", "#fde4e2", "#c23b2e", "#46201d", "#ec7f74"},
	{"router", "router", "#ede6f9", "#7957b3", "#2e2445", "#ab8ce0"},
	{"target", "server", "#eceff1", "#5d7683", "#272e33", "#93a9b5"},
}

const fixed = `.policy-graph{font-family:"Liberation Sans",Arial,Helvetica,"DejaVu Sans",sans-serif;font-size:12px}
.policy-graph .title{font-size:18px;font-weight:bold}
.policy-graph .head{font-size:13px;font-weight:bold}
.policy-graph .name{font-size:13px;font-weight:bold}
.policy-graph .place,.policy-graph .label{font-size:10px}
.policy-graph .place{text-anchor:end}
.policy-graph .node rect{stroke-width:1.2}
.policy-graph .line,.policy-graph .nesting{fill:none;stroke-width:1.3}
.policy-graph .nesting{stroke-dasharray:2 2}
.policy-graph .faint{opacity:.5}
.policy-graph .faint rect,.policy-graph .faint .line{stroke-dasharray:4 3}
.policy-graph .node:hover rect,.policy-graph .node:target rect{stroke-width:2.5}
.policy-graph .arrow:hover .line{stroke-width:2.5}
`

// style is the style sheet of a drawing with n boxes. Where a box is pointed at, the arrows of others fade.
func style(n int) string {
	var s strings.Builder
	s.WriteString(fixed)
	s.WriteString(paint("#ffffff", "#1c2126", "#56616b", "#7b8791"))
	for _, l := range looks {
		fmt.Fprintf(&s, ".policy-graph .%s rect{fill:%s;stroke:%s}\n", l.class, l.light, l.lightEdge)
	}
	s.WriteString("@media (prefers-color-scheme:dark){\n")
	s.WriteString(paint("#14181c", "#e6eaee", "#a5b0ba", "#76838f"))
	for _, l := range looks {
		fmt.Fprintf(&s, ".policy-graph .%s rect{fill:%s;stroke:%s}\n", l.class, l.dark, l.darkEdge)
	}
	s.WriteString("}\n")
	for i := range n {
		fmt.Fprintf(&s, ".policy-graph:has(.node.n%d:hover) .arrow:not(.n%[1]d){opacity:.15}\n", i)
	}
	return s.String()
}

// paint is what has a colour beside the boxes.
func paint(ground, text, quiet, line string) string {
	return fmt.Sprintf(`.policy-graph .ground{fill:%s}
.policy-graph text{fill:%s}
.policy-graph .summary,.policy-graph .place,.policy-graph .label,.policy-graph .head{fill:%s}
.policy-graph .line,.policy-graph .nesting{stroke:%s}
.policy-graph .tip{fill:%[4]s}
`, ground, text, quiet, line)
}

// legend is what explains the colours, drawn below a drawing.
type legend struct {
	text   string
	height float64
}

// legend explains what occurs in g.
func (p *pen) legend(g *Graph) legend {
	there := map[string]bool{}
	for _, n := range g.Nodes {
		if n.Deny {
			there["deny"] = true
		} else {
			there[n.Kind.String()] = true
		}
		there["target faint"] = there["target faint"] || n.Faint
	}
	lines := &pen{}
	x, y, right := margin, max(p.drawing.height, margin+headHeight)+28, max(p.drawing.width, 640)-margin
	for _, l := range append(looks[:len(looks):len(looks)], look{class: "target faint", says: "faint: no rule uses it"}) {
		if !there[l.class] {
			continue
		}
		width := 20 + textWidth(l.says, bodySize) + 18
		if x+width > right {
			x, y = margin, y+20
		}
		lines.put(`<g class="%s"><rect x="%.1f" y="%.1f" width="14" height="12" rx="3"/>`, l.class, x, y-10)
		lines.text("summary", x+20, y, l.says)
		lines.put("</g>\n")
		x += width
	}
	return legend{lines.String(), y + margin - max(p.drawing.height, margin+headHeight)}
}
