package graph

import "slices"

// stack gives the boxes their heights: each column begins one below the other, then the boxes are drawn towards those
// that they are joined with, as far as their order and size let them.
func (d *drawing) stack() {
	for _, column := range d.columns {
		settle(column, func(*box) []*arrow { return nil })
	}
	for range 6 {
		for c := 1; c < len(d.columns); c++ {
			settle(d.columns[c], func(b *box) []*arrow { return b.in })
		}
		for c := len(d.columns) - 2; c >= 0; c-- {
			settle(d.columns[c], func(b *box) []*arrow { return b.out })
		}
	}
	for _, column := range d.columns {
		settle(column, func(b *box) []*arrow { return slices.Concat(b.in, b.out) })
	}
}

// wish is the y that puts b level with the other ends of arrows.
func (b *box) wish(arrows []*arrow) float64 {
	sum := 0.0
	for _, a := range arrows {
		if a.from == b {
			sum += a.to.middle()
		} else {
			sum += a.from.middle()
		}
	}
	return sum/float64(len(arrows)) - b.h/2
}

// run is boxes one right below the other: they are at the mean of what they wish.
type run struct {
	first, n int
	wishes   int
	sum      float64 // of the wishes, each less the offset of its box
	stays    float64 // where it is if it has no wishes
}

func (r run) y() float64 {
	if r.wishes == 0 {
		return r.stays
	}
	return r.sum / float64(r.wishes)
}

// settle puts the boxes of a column as near as possible to what they are joined with by arrows, in their order and
// without touching: the squares of what is missing are least (isotonic regression by pooling neighbours). Zones stay
// with the one that they are in, boxes without arrows with the one above.
func settle(column []*box, arrows func(*box) []*arrow) {
	offsets := make([]float64, len(column))
	for i := 1; i < len(column); i++ {
		offsets[i] = offsets[i-1] + column[i-1].h + between(column[i])
	}
	var runs []run
	for i, b := range column {
		r := run{first: i, n: 1, stays: b.y - offsets[i]}
		if to := arrows(b); len(to) > 0 {
			r.wishes, r.sum = 1, b.wish(to)-offsets[i]
		}
		stuck := b.depth > 0 || r.wishes == 0
		runs = append(runs, r)
		for k := len(runs) - 1; k > 0 && (stuck || runs[k-1].y() > runs[k].y()); k-- {
			runs[k-1].n += runs[k].n
			runs[k-1].wishes += runs[k].wishes
			runs[k-1].sum += runs[k].sum
			runs = runs[:k]
			stuck = false
		}
	}
	for _, r := range runs {
		for i := r.first; i < r.first+r.n; i++ {
			column[i].y = r.y() + offsets[i]
		}
	}
}

// between is the space above a box that is not the first.
func between(below *box) float64 {
	if below.depth > 0 {
		return nestedGap
	}
	return gap
}
