package interp

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// hostile are the bodies of hooks that would take all memory, or all time, within few steps each.
var hostile = []string{
	"x = 'x' * 1000000\n    for i in range(1000000): x = x.upper()",
	"x = 'x' * 1000000\n    for i in range(1000000): x = x[::-1]",
	"x = 'x' * 1000000\n    for i in range(1000000): x = 'a' + x[1:]",
	"x = 'x' * 1000000\n    for i in range(1000000): x = '%s' % x",
	"x = 'x' * 1000000\n    for i in range(1000000): x = str(x)",
	"x = 'x' * 1000000\n    for i in range(1000000): x = repr(x)[1:-1]",
	"x = 'x' * 1000000\n    for i in range(1000000): x = x.swapcase()",
	"x = 'x' * 1000000\n    for i in range(1000000): x = x.ljust(1000001).strip()",
	"x = 'x' * 1000000\n    for i in range(1000000): 'y' in x",
	"x = 'x' * 1000000\n    for i in range(1000000): x.find('y')",
	"x = ['x' * 1000000]\n    for i in range(1000000): ','.join(x)",
	"x = []\n    for i in range(1000000): x.append('x' * 1000)",
	"x = {}\n    for i in range(1000000): x[i] = str(i) * 100",
	"x = []\n    for i in range(1000000): x.append(range(1000))\n    y = [list(r) for r in x]",
	"x = [0] * 100000\n    for i in range(1000000): x = x + [1]",
	"x = [0] * 100000\n    for i in range(1000000): x = x[1:]",
	"x = [0] * 100000\n    for i in range(1000000): y = sorted(x)",
	"x = [0] * 100000\n    for i in range(1000000): y = tuple(x)",
	"x = [0] * 100000\n    for i in range(1000000): x.sort()",
	"x = [0] * 100000\n    for i in range(1000000): x.reverse()",
	"x = [0] * 100000\n    for i in range(1000000): x.count(1)",
	"x = [0] * 100000\n    for i in range(1000000): 1 in x",
	"x = [0] * 100000\n    for i in range(1000000): x == x[:]",
	"x = [0] * 100000\n    for i in range(1000000): x.insert(0, 1)",
	"x = [0] * 1000\n    for i in range(1000000): x.extend(x)",
	"x = [0] * 1000\n    for i in range(1000000): x += x",
	"x = [[0] * 1000] * 1000\n    for i in range(1000000): y = [list(z) for z in x]",
	"x = dict([(i, i) for i in range(10000)])\n    for i in range(1000000): y = x.items()",
	"x = dict([(i, i) for i in range(10000)])\n    for i in range(1000000): y = dict(x)",
	"x = dict([(i, i) for i in range(10000)])\n    for i in range(1000000): y = x | {1: 2}",
	"x = dict([(i, i) for i in range(10000)])\n    for i in range(1000000): x.update(x)",
	"x = dict([(i, i) for i in range(10000)])\n    for i in range(1000000): y = list(x.iteritems())",
	"x = set(range(10000))\n    for i in range(1000000): y = x.union([1])",
	"x = 'x' * 1000000\n    y = x[1:] + 'x'\n    for i in range(1000000): x == y",
	"x = [0] * 100000\n    for i in range(1000000): x.pop(0); x.append(0)",
	"x = 3\n    for i in range(1000000): x = x * x",
	"x = 3\n    for i in range(1000000): x = x << 500",
	"x = 1 << 1000000000",
	"x = int('9' * 1000000)",
	"x = []\n    for i in range(1000000): x = [x, x]\n    y = str(x)",
	"x = []\n    for i in range(10000): x = [x]\n    y = str(x)",
	"x = [i for i in range(1000) for j in range(1000) for k in range(1000)]",
	"x = {'a': 1}\n    for i in range(1000000): x = {'a': x, 'b': x}\n    y = '%s' % x",
	"x = ('a,' * 50000)\n    for i in range(1000000): y = x.split(',')",
	"x = 'a' * 100000\n    for i in range(1000000): y = list(x.elems())",
	"x = 'a' * 100000\n    for i in range(1000000): y = [c for c in x]",
	"x = 'a' * 100000\n    for i in range(1000000): y = bytes(x)",
	"x = 'a' * 100000\n    for i in range(1000000): y = x.replace('a', 'b')",
	"x = 'a' * 100000\n    for i in range(1000000): y = x.partition('b')",
	"x = 'a' * 100000\n    for i in range(1000000): y = zip([x] * 1000, [x] * 1000)",
}

// TestHooksCannotExhaust: none takes more than a part of a machine's memory, nor more than some seconds.
func TestHooksCannotExhaust(t *testing.T) {
	text := "-- p.star --\nTRUE = True\n"
	for i, body := range hostile {
		text += "def f" + string(rune('A'+i/26)) + string(rune('a'+i%26)) + "():\n    " + body + "\n"
	}
	p := loaded(t, text)
	worked := false
	for i, body := range hostile {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err := Call(NewThread("hook", CallLimits, nil), p.Globals["f"+string(rune('A'+i/26))+string(rune('a'+i%26))])
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		worked = worked || err != nil && strings.Contains(err.Error(), "worked longer")
		if err == nil {
			t.Errorf("%s\ncame to an end", body)
		} else if !strings.Contains(err.Error(), "steps") && !strings.Contains(err.Error(), "too long") && !strings.Contains(err.Error(), "worked") {
			t.Errorf("%s\n%v", body, err)
		}
		if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 400 {
			t.Errorf("%s\nmade %d MiB", body, made)
		}
		if took > time.Minute {
			t.Errorf("%s\ntook %s", body, took)
		}
		t.Logf("%4d MiB %6.2f s %-60.60s %v", (after.TotalAlloc-before.TotalAlloc)>>20, took.Seconds(), strings.ReplaceAll(body, "\n", "; "), err)
	}
	if !worked {
		t.Error("none met the limit of work")
	}
}
