package interp

import (
	"testing"
	"time"

	"zorpgo/engine/source"
)

// FuzzLoad: whatever a policy says, loading and freezing it ends, without a panic, and every finding has a place.
func FuzzLoad(f *testing.F) {
	for _, src := range []string{
		classes[len("-- p.star --\n"):],
		"class A:\n  x, (y, [z]) = 1, (2, [3])\n  w = [x for x in [x] if y]\n  def f(self, a=x, *b, **c): super().f(); return lambda q=a: q < a() < 3\nclass B(A, A):\n  class C(B): pass\n  A.x += 1\n",
		"def f():\n  class A(f()): pass\n  return A\nx = f()\nfor i in x: i.y += 'a' * i\nprint x, 'a' % (1,)\n",
		"import a, Zorp.Smtp\nfrom a import *\nfrom p import x\nx = {}.has_key(1)\n''.join(*[''], **{})\n",
		"def f(a, *, b=1): return a\nf(1, *[2], **{'b': 'x'.format(1, b=f)})\n[a for a, b in {1: 2}.items()][0:1:-1] % 1\n",
		"class A(object):\n  if 1:\n    def __init__(self): self.a = self\n  else:\n    x += 1\nx = A()\ny = isinstance(x, (A, str)) is not x.a\n",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		l, _, _ := loader("-- p.star --\n" + src)
		l.Limits = Limits{Steps: 20_000, Deadline: time.Second}
		p, findings := l.Load([]string{"p.star"})
		if !findings.HasErrors() {
			for _, c := range p.Candidates() {
				findings = append(findings, p.RunAtLoad(c.Func)...)
			}
			if f := p.Freeze(); len(f) > 0 {
				return
			}
		}
		for _, f := range findings {
			if f.Severity == source.Error && !f.Pos.IsValid() {
				t.Errorf("%q: no place: %v", src, f)
			}
		}
	})
}
