package page

import (
	"fmt"
	"strings"
)

// Spark is a line that shows the last hour, in a box of 120 by 28.
type Spark struct {
	Line, Area string // points of an SVG; "": too little is known
	Label      string // what it shows, in words
}

// points is how many corners a line has at most.
const points = 90

// live is the line of the live sessions.
func live(list []sample) Spark {
	values := make([]int64, len(list))
	for i, s := range list {
		values[i] = s.live
	}
	return spark(values, "live sessions")
}

// begun is the line of the sessions that began between two samples. A service that counts anew began with none.
func begun(list []sample) Spark {
	var values []int64
	for i := 1; i < len(list); i++ {
		values = append(values, max(0, list[i].started-list[i-1].started))
	}
	return spark(values, "new sessions in 10 s")
}

// spark draws values; time goes to the right, and the line ends at the right edge.
func spark(values []int64, what string) Spark {
	if len(values) < 2 {
		return Spark{Label: what + ": too little is known yet"}
	}
	shown := thin(values)
	top := int64(1)
	for _, v := range shown {
		top = max(top, v)
	}
	var line strings.Builder
	step := 120 / float64(points-1)
	left := 120 - step*float64(len(shown)-1)
	for i, v := range shown {
		fmt.Fprintf(&line, "%.1f,%.1f ", left+step*float64(i), 26-24*float64(v)/float64(top))
	}
	text := strings.TrimSpace(line.String())
	last, most := values[len(values)-1], values[0]
	for _, v := range values {
		most = max(most, v)
	}
	return Spark{Line: text, Area: fmt.Sprintf("%.1f,28 %s 120,28", left, text),
		Label: fmt.Sprintf("%s, last hour: now %d, at most %d", what, last, most)}
}

// thin leaves the highest of neighbouring values, so that no peak is lost.
func thin(values []int64) (list []int64) {
	group := (samples + points - 1) / points
	for end := len(values); end > 0; end -= group {
		most := int64(0)
		for _, v := range values[max(0, end-group):end] {
			most = max(most, v)
		}
		list = append([]int64{most}, list...)
	}
	return list[max(0, len(list)-points):]
}
