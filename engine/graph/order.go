package graph

import (
	"cmp"
	"math"
	"slices"
)

// sweeps is how often the columns are put in order, one way and back.
const sweeps = 8

// arrange orders the boxes of each column so that few arrows cross: each box as near to the middle of those that it is
// joined with as the others let it. Of all orders that come up the best is kept.
func (d *drawing) arrange() {
	best, least := d.orders(), d.crossings()
	for i := 0; i < sweeps && least > 0; i++ {
		for c := 1; c < len(d.columns); c++ {
			d.sort(c, func(b *box) float64 { return centre(b.in, func(a *arrow) *box { return a.from }) })
		}
		for c := len(d.columns) - 2; c >= 0; c-- {
			d.sort(c, func(b *box) float64 { return centre(b.out, func(a *arrow) *box { return a.to }) })
		}
		if n := d.crossings(); n < least {
			best, least = d.orders(), n
		}
	}
	d.columns = best
	for _, column := range d.columns {
		number(column)
	}
}

// sort orders column c by where its boxes want to be; zones stay below the one that they are in.
func (d *drawing) sort(c int, wish func(*box) float64) {
	var roots, sorted []*box
	for _, b := range d.columns[c] {
		if b.depth == 0 {
			roots = append(roots, b)
		}
	}
	wishes := map[*box]float64{}
	for _, b := range roots {
		tree(b, wish, wishes)
	}
	var add func(list []*box)
	add = func(list []*box) {
		slices.SortStableFunc(list, func(b, o *box) int { return cmp.Compare(wishes[b], wishes[o]) })
		for _, b := range list {
			sorted = append(sorted, b)
			add(b.children)
		}
	}
	add(roots)
	d.columns[c] = sorted
	number(sorted)
}

// tree notes the wishes of b and of what is in it: those of a zone with others are the middle of all. Boxes without
// arrows go last.
func tree(b *box, wish func(*box) float64, wishes map[*box]float64) {
	sum, n := 0.0, 0.0
	if w := wish(b); !math.IsInf(w, 1) {
		sum, n = w, 1
	}
	for _, c := range b.children {
		tree(c, wish, wishes)
		if w := wishes[c]; !math.IsInf(w, 1) {
			sum, n = sum+w, n+1
		}
	}
	wishes[b] = math.Inf(1)
	if n > 0 {
		wishes[b] = sum / n
	}
}

// centre is the mean place of what arrows lead to.
func centre(arrows []*arrow, end func(*arrow) *box) float64 {
	if len(arrows) == 0 {
		return math.Inf(1)
	}
	sum := 0
	for _, a := range arrows {
		sum += end(a).order
	}
	return float64(sum) / float64(len(arrows))
}

func number(column []*box) {
	for i, b := range column {
		b.order = i
	}
}

func (d *drawing) orders() [][]*box {
	kept := make([][]*box, len(d.columns))
	for i, column := range d.columns {
		kept[i] = slices.Clone(column)
	}
	return kept
}

// crossings counts the pairs of arrows that cross.
func (d *drawing) crossings() (sum int) {
	between := make([][][2]int, len(d.columns))
	for _, a := range d.arrows {
		between[a.from.column] = append(between[a.from.column], [2]int{a.from.order, a.to.order})
	}
	for c, list := range between {
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(p, q [2]int) int { return cmp.Or(p[0]-q[0], p[1]-q[1]) })
		sum += inversions(list, len(d.columns[c+1]))
	}
	return sum
}

// inversions counts the pairs of list of which the earlier one has the greater second number, all being below n: sums
// is a Fenwick tree of those seen.
func inversions(list [][2]int, n int) (sum int) {
	sums := make([]int, n+1)
	for seen, pair := range list {
		sum += seen
		for i := pair[1] + 1; i > 0; i -= i & -i {
			sum -= sums[i]
		}
		for i := pair[1] + 1; i <= n; i += i & -i {
			sums[i]++
		}
	}
	return sum
}
