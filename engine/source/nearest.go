package source

// Nearest is the one of names that a writer of name most likely meant, or "" if none is near.
// Near is at most a third of the letters wrong (edit distance with transpositions), case aside.
func Nearest(name string, names []string) string {
	best, least := "", len(name)/3+1
	if len(name) < 3 {
		least = 1
	}
	for _, n := range names {
		if d := distance(lower(name), lower(n)); n != name && (d < least || d == least && best == "") {
			best, least = n, d
		}
	}
	return best
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// distance is the optimal string alignment distance of a and b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
