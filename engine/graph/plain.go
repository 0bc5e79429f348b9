package graph

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// DOT writes g for Graphviz.
func (g *Graph) DOT(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "digraph policy {\n\tlabel=%s;\n\tlabelloc=t;\n\trankdir=LR;\n\tranksep=1;\n", quoted(g.Title+"\n"+g.Summary))
	out.WriteString("\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11];\n")
	out.WriteString("\tedge [fontname=\"Helvetica\", fontsize=9, color=\"#7b8791\"];\n")
	for k := range kindNames {
		var ids []string
		for _, n := range g.Nodes {
			if n.Kind == Kind(k) {
				ids = append(ids, quoted(n.ID)+";")
				l := n.look()
				style := ""
				if n.Faint {
					style = `, style="rounded,dashed", fontcolor="#56616b"`
				}
				fmt.Fprintf(&out, "\t%s [id=%[1]s, label=%s, tooltip=%s, fillcolor=%q, color=%q%s];\n", quoted(n.ID),
					quoted(n.label("\n")), quoted(n.title()), l.light, l.lightEdge, style)
			}
		}
		if len(ids) > 0 {
			fmt.Fprintf(&out, "\t{ rank=same; %s }\n", strings.Join(ids, " "))
		}
	}
	for _, n := range g.Nodes {
		if n.Parent != nil {
			fmt.Fprintf(&out, "\t%s -> %s [style=dotted, arrowhead=none, constraint=false];\n", quoted(n.Parent.ID), quoted(n.ID))
		}
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&out, "\t%s -> %s", quoted(e.From.ID), quoted(e.To.ID))
		if e.Label != "" {
			fmt.Fprintf(&out, " [label=%s]", quoted(e.Label))
		}
		out.WriteString(";\n")
	}
	out.WriteString("}\n")
	_, err := w.Write(out.Bytes())
	return err
}

// label is what a box shows, and where it stands in the policy.
func (n *Node) label(newLine string) string {
	lines := append([]string{n.Name}, n.Lines...)
	if at := place(n.Pos); at != "" && n.Kind <= Service {
		lines = append(lines, at)
	}
	return strings.Join(lines, newLine)
}

func (n *Node) look() look {
	class := n.Kind.String()
	if n.Deny {
		class = "deny"
	}
	for _, l := range looks {
		if l.class == class {
			return l
		}
	}
	return look{}
}

// quoted is text as DOT has it: of escapes it must know none but that of a new line.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\x00", "").Replace(text) + `"`
}

// Mermaid writes g for Mermaid.
func (g *Graph) Mermaid(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%%%% %s\n%%%% %s\nflowchart LR\n", oneLine(g.Title), oneLine(g.Summary))
	names := map[*Node]string{}
	for i, n := range g.Nodes {
		names[n] = fmt.Sprintf("%s%d", n.Kind, i)
		fmt.Fprintf(&out, "    %s[\"%s\"]:::%s\n", names[n], n.mermaid(), strings.TrimSpace(n.look().class))
	}
	for _, n := range g.Nodes {
		if n.Parent != nil {
			fmt.Fprintf(&out, "    %s -.- %s\n", names[n.Parent], names[n])
		}
	}
	for _, e := range g.Edges {
		label := ""
		if e.Label != "" {
			label = `|"` + entities(e.Label) + `"|`
		}
		fmt.Fprintf(&out, "    %s -->%s %s\n", names[e.From], label, names[e.To])
	}
	for _, l := range looks {
		fmt.Fprintf(&out, "    classDef %s fill:%s,stroke:%s,color:#1c2126\n", l.class, l.light, l.lightEdge)
	}
	for _, n := range g.Nodes {
		if n.Faint {
			fmt.Fprintf(&out, "    style %s opacity:0.5,stroke-dasharray:4 3\n", names[n])
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (n *Node) mermaid() string {
	lines := strings.Split(n.label("\n"), "\n")
	for i, line := range lines {
		lines[i] = entities(line)
	}
	return strings.Join(lines, "<br/>")
}

// entities is text as Mermaid has it between quotes: as it is but for what would be a tag, an entity or the end.
func entities(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\"#&<>`;", r) || r < ' ' {
			fmt.Fprintf(&out, "#%d;", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }
