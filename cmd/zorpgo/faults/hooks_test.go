package faults

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// hooks are functions of a policy that go wrong, by the local part of the sender for which they do.
var hooks = map[string]string{
	"loops":    "for i in range(1000000): [j for j in range(1000000)]",
	"eats":     "l = []\n            for i in range(1000000): l.append('x' * 1000000)",
	"doubles":  "x = 'x'\n            for i in range(1000): x = x + x",
	"searches": "x = 'x' * 1000000\n            for i in range(1000000): x.find('y')",
	"recurses": "self.again(0)",
	"divides":  "1 // 0",
	"misnames": "self.nothing",
	"misreads": "return {}['x']",
}

// hookText is a class whose function for senders does all that.
func hookText() string {
	var text strings.Builder
	text.WriteString("        self.request['MAIL'] = (SMTP_REQ_POLICY, self.checkSender)\n    def again(self, n):\n        return self.again(n + 1)\n    def checkSender(self, command, param):\n")
	for name, body := range hooks {
		fmt.Fprintf(&text, "        if '%s@' in param:\n            %s\n", name, body)
	}
	return text.String() + "        return SMTP_REQ_ACCEPT\n"
}

// TestHooksThatGoWrong: a function of the policy that fails, or would never end, refuses its own client for now; others
// do not notice, and memory stays.
func TestHooksThatGoWrong(t *testing.T) {
	each(t, func(t *testing.T, loops string) {
		s := newStage(t)
		s.write(hookText())
		p := s.start(nil, loops, "--pprof")
		must(t, s.session().quit())
		before := p.use()
		load := s.traffic("beside", 2)
		var ends sync.WaitGroup
		for name := range hooks {
			c := s.session()
			ends.Go(func() {
				if err := c.says("451", "MAIL FROM:<"+name+"@example.net>"); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if err := c.deliver("after " + name); err != nil {
					t.Errorf("after %s: %v", name, err)
				}
				_ = c.quit()
			})
		}
		ends.Wait()
		load.unharmed()
		for name := range hooks {
			if s.origin.has("after "+name) != 1 {
				t.Errorf("the message after %s is not at the origin", name)
			}
		}
		if after := p.use(); after.rss > before.rss+512<<20 {
			t.Errorf("memory: before %s, after %s", before, after)
		}
		p.settles(before)
	})
}
