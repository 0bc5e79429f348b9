package match

import "testing"

func TestNever(t *testing.T) {
	for pattern, want := range map[string]bool{
		`@example\.com$`: false, `^a.*b$`: false, `$`: false, `^$`: false, ``: false, `x*^a`: false, `a$|b`: false, `(a$)?b`: false, `a$b*`: false, `(?m)a$\nb`: false,
		`@spam$\.example`: true, `x^a`: true, `a$b`: true, `(a$)(b|c)`: false, `a$(b|c)`: true, `a$b|c^d`: true, `[^\x00-\x{10FFFF}]`: true, `(`: false, `(?i)a$B`: true,
	} {
		if got := Never(pattern); got != want {
			t.Errorf("Never(%q) = %v", pattern, got)
		}
	}
}
