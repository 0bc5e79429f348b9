package graph

import (
	"math"
	"slices"
)

// The measures of a drawing.
const (
	margin     = 24.0
	headHeight = 62.0 // the title, the summary, the names of the columns
	gutter     = 96.0 // between columns, for the arrows
	gap        = 12.0 // between boxes
	nestedGap  = 6.0
	indent     = 18.0 // of a zone in another
	padding    = 9.0
	lineHeight = 16.0
	portGap    = 15.0 // between arrows with labels
	minWidth   = 110.0
	maxWidth   = 320.0
)

// box is a Node in its place.
type box struct {
	*Node
	x, y, w, h float64
	column     int
	order      int // in its column
	in, out    []*arrow
	children   []*box
	depth      int
	below      bool // the position has a line of its own, beside the name there is no room
}

func (b *box) middle() float64 { return b.y + b.h/2 }

// arrow is an Edge with its ends.
type arrow struct {
	*Edge
	from, to                   *box
	startX, startY, endX, endY float64
}

// drawing is a Graph with a place for everything.
type drawing struct {
	columns       [][]*box // without the empty ones
	arrows        []*arrow
	width, height float64
}

// layOut finds a place for everything.
func layOut(g *Graph) *drawing {
	d := &drawing{}
	d.boxes(g)
	d.arrange()
	d.place()
	d.aim()
	return d
}

// boxes makes the boxes and arrows of g, in columns.
func (d *drawing) boxes(g *Graph) {
	known := map[*Node]*box{}
	var columns [len(kindNames)][]*box
	for _, n := range g.Nodes {
		b := &box{Node: n}
		known[n] = b
		columns[n.Kind] = append(columns[n.Kind], b)
		if above := known[n.Parent]; above != nil {
			above.children = append(above.children, b)
			b.depth = above.depth + 1
		}
	}
	for _, e := range g.Edges {
		a := &arrow{Edge: e, from: known[e.From], to: known[e.To]}
		a.from.out = append(a.from.out, a)
		a.to.in = append(a.to.in, a)
		d.arrows = append(d.arrows, a)
	}
	for _, column := range columns {
		if len(column) == 0 {
			continue
		}
		for i, b := range column {
			b.column, b.order = len(d.columns), i
		}
		d.columns = append(d.columns, column)
	}
}

// place gives all boxes their size and place.
func (d *drawing) place() {
	x := margin
	for _, column := range d.columns {
		width := minWidth
		for _, b := range column {
			width = max(width, math.Ceil(min(b.natural(), maxWidth))+float64(b.depth)*indent)
		}
		for _, b := range column {
			b.x = x + float64(b.depth)*indent
			b.w = x + width - b.x
			b.h = b.height()
		}
		x += width + gutter
	}
	d.width = x - gutter + margin
	d.stack()
	top, bottom := d.extent()
	for _, column := range d.columns {
		for _, b := range column {
			b.y += margin + headHeight - top
		}
	}
	d.height = margin + headHeight + bottom - top
}

// natural is the width that the text of b wants.
func (b *box) natural() float64 {
	width := textWidth(b.Name, nameSize) * bold
	if p := b.place(); p != "" {
		beside := width + 14 + textWidth(p, placeSize)
		b.below = beside+2*padding > maxWidth
		if !b.below {
			width = beside
		}
	}
	for _, line := range b.Lines {
		width = max(width, textWidth(line, bodySize))
	}
	return width + 2*padding
}

func (b *box) height() float64 {
	lines := len(b.Lines) + 1
	if b.below {
		lines++
	}
	high := 2*padding + lineHeight*float64(lines) - 4
	if len(b.out) > 1 && b.Kind == Router {
		high = max(high, portGap*float64(len(b.out)+1))
	}
	return high
}

// place is the position that b shows: routers and targets have none of their own.
func (b *box) place() string {
	if b.Kind > Service {
		return ""
	}
	return place(b.Pos)
}

func (d *drawing) extent() (top, bottom float64) {
	for i, column := range d.columns {
		first, last := column[0], column[len(column)-1]
		if i == 0 {
			top, bottom = first.y, last.y+last.h
		}
		top, bottom = min(top, first.y), max(bottom, last.y+last.h)
	}
	return top, bottom
}

// aim gives the arrows their ends, spread over the sides of the boxes so that those of one box do not cross.
func (d *drawing) aim() {
	for _, column := range d.columns {
		for _, b := range column {
			slices.SortStableFunc(b.out, func(a, o *arrow) int { return a.to.order - o.to.order })
			slices.SortStableFunc(b.in, func(a, o *arrow) int { return a.from.order - o.from.order })
			for i, a := range b.out {
				a.startX, a.startY = b.x+b.w, b.port(i, len(b.out))
			}
			for i, a := range b.in {
				a.endX, a.endY = b.x, b.port(i, len(b.in))
			}
		}
	}
}

// port is the height of the i-th of n ends of arrows at one side of b.
func (b *box) port(i, n int) float64 { return b.y + b.h*float64(i+1)/float64(n+1) }
