// Package graph is a policy as a drawing: from zones over rules and services to routers and servers.
//
// Of makes the Graph of a Config; the command zorpgo graph and the admin page write it as SVG, which needs no other
// program, or as text for Graphviz (DOT) and Mermaid. What is written depends on the policy alone.
package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"zorpgo/engine"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// Kind is what a Node is; the kinds stand from left to right.
type Kind int

// The kinds.
const (
	Zone Kind = iota
	Rule
	Service
	Router
	Target
)

var kindNames = [...]string{"zone", "rule", "service", "router", "target"}

// String is the kind in one word, as ids begin with it.
func (k Kind) String() string { return kindNames[k] }

// Node is one box.
type Node struct {
	ID      string // stable, unique in its Graph, fit for a fragment of a URL: "rule-3", "service-smtp_in"
	Kind    Kind
	Name    string
	Lines   []string   // what else the box shows
	Details []string   // what only its tooltip says
	Pos     source.Pos // in the policy; of a router or target: of a service that leads there
	Parent  *Node      // of a zone: the zone that it is in; else nil
	Also    []string   // ids of other things that this box stands for
	Faint   bool       // no rule leads there
	Deny    bool       // a service that refuses
}

// Edge is one arrow. Its ends are of neighbouring kinds.
type Edge struct {
	From, To *Node
	Label    string
}

// Graph is a policy as boxes and arrows.
type Graph struct {
	Title   string
	Summary string // what there is, and what no rule uses
	Nodes   []*Node
	Edges   []*Edge
}

// builder makes a Graph of config.
type builder struct {
	*Graph
	config   *engine.Config
	ids      map[string]bool
	zones    map[*zone.Zone]*Node
	services map[string]*Node
	joined   map[[2]*Node]bool
	unused   []string // in words
}

// Of is the Graph of c.
func Of(c *engine.Config) *Graph {
	b := &builder{Graph: &Graph{Title: "Policy"}, config: c, ids: map[string]bool{},
		zones: map[*zone.Zone]*Node{}, services: map[string]*Node{}, joined: map[[2]*Node]bool{}}
	if c.Instance != "" {
		b.Title += " " + c.Instance
	}
	b.addZones()
	b.addServices()
	b.addRules()
	b.addRouters()
	slices.SortStableFunc(b.Nodes, func(n, o *Node) int { return cmp.Compare(n.Kind, o.Kind) })
	b.Summary = fmt.Sprintf("%s, %s, %s", counted(len(c.Zones.All()), "zone"), counted(len(c.Rules.All()), "rule"), counted(len(c.Services), "service"))
	if len(b.unused) > 0 {
		b.Summary += "; no rule uses " + some(b.unused, 6)
	}
	return b.Graph
}

// add gives n its id, made of its kind and called, and its place.
func (b *builder) add(n *Node, called string) *Node {
	id := n.Kind.String() + "-" + fragment(called)
	for n.ID = id; b.ids[n.ID]; {
		n.ID = fmt.Sprintf("%s-%d", id, len(b.Nodes))
	}
	b.ids[n.ID] = true
	b.Nodes = append(b.Nodes, n)
	return n
}

// connect draws an arrow, once.
func (b *builder) connect(from, to *Node, label string) {
	if from == nil || to == nil || b.joined[[2]*Node{from, to}] {
		return
	}
	b.joined[[2]*Node{from, to}] = true
	b.Edges = append(b.Edges, &Edge{From: from, To: to, Label: label})
}

// fragment is name with what a URL's fragment cannot have as it is replaced.
func fragment(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, name)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// some is list in words, with no more than most entries named.
func some(list []string, most int) string {
	if len(list) > most+1 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

// place is p without the folder of its file, and without the column.
func place(p source.Pos) string {
	if !p.IsValid() {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.File[strings.LastIndexByte(p.File, '/')+1:], p.Line)
}
