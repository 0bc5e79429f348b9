package core

import (
	"context"
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/match"
	"zorpgo/engine/source"
)

// matcherClassWords are the matchers themselves.
var matcherClassWords = []*word.Word{regexpMatcherWord, regexpFileMatcherWord, combineMatcherWord, dnsMatcherWord, invalidRecipientWord}

var regexpMatcherWord = &word.Word{
	Name: "RegexpMatcher", Module: "Zorp.Core",
	Doc: "Matches what at least one pattern of match_list and none of ignore_list is found in, anywhere unless anchored. " +
		"The patterns are RE2's: no look-around, no back references.",
	Example: `RegexpMatcher(match_list=["@spam\\.example$"], ignore_list=["^postmaster@"])`,
	Errors:  []string{"a pattern that does not compile"},
	Params: []word.Param{
		{Name: "match_list", Type: word.TextList, Default: "None", Doc: "the patterns; without any, nothing matches"},
		{Name: "ignore_list", Type: word.TextList, Default: "None", Doc: "patterns of what does not match in any case"},
		{Name: "ignore_case", Type: word.Boolean, Default: "TRUE", Doc: "FALSE: capital and small letters differ"},
	},
	Make: makeRegexpMatcher,
}

var matcherWords = []*word.Word{
	{
		Name: "MatcherPolicy", Module: "Zorp.Core", Declares: true,
		Doc:     "Gives a name to a matcher, for proxy classes to refer to.",
		Example: `MatcherPolicy(name="spammers", matcher=RegexpMatcher(match_list=["@spam\\.example$"]))`,
		Errors:  []string{"a name that another matcher has"},
		Params: []word.Param{
			{Name: "name", Type: word.Text, Doc: "how proxy classes refer to it"},
			{Name: "matcher", Type: word.MatcherValue, Doc: "the matcher"},
		},
		Make: makeMatcherPolicy,
	},
	regexpMatcherWord, regexpFileMatcherWord, combineMatcherWord, dnsMatcherWord, invalidRecipientWord,
	{
		Name: "getMatcher", Module: "Zorp.Core",
		Doc: "Returns a matcher, to be asked by its method checkMatch(text): TRUE if it matches. In a session that may take time, of this session only. " +
			"If the matcher cannot tell, the function that asks fails, and so the client is refused for now.",
		Example: "MatcherPolicy(\"partners\", RegexpMatcher([\"@partner\\\\.example$\"]))\n" + `getMatcher("partners").checkMatch("a@partner.example")`,
		Errors:  []string{"the name of a matcher that is not defined"},
		Params: []word.Param{{Name: "matcher", Type: word.Type{Want: "a matcher, a MatcherPolicy or its name", Accepts: func(v starlark.Value) bool {
			return word.Text.Accepts(v) || word.IsMatcher(v)
		}}, Doc: "the matcher, or the name of one that is defined here or further below"}},
		Make: makeGetMatcher,
	},
}

func makeMatcherPolicy(c *word.Call) starlark.Value {
	name := c.Text("name")
	if first := c.Draft.Matchers[name]; first != nil {
		c.Problem("name", "matcher-name-twice", fmt.Sprintf("matcher %q is defined already at %s", name, first.Pos), "give one of the two another name")
	} else if name != "" {
		policy := &word.Matcher{Name: name, Pos: c.Pos, Is: unread{}}
		if m := matcherOf(c, c.Given("matcher")); m != nil {
			policy.Is = m.Is
		}
		c.Draft.Matchers[name] = policy
		return word.NewMatcher(c, policy)
	}
	return interp.Poison{}
}

// unread stands for a matcher that a finding is about.
type unread struct{}

// Match has no answer.
func (unread) Match(context.Context, string) (bool, error) {
	return false, errors.New("the matcher is not defined")
}

// matcherOf is the matcher that v is, which is constant from then on; nil if it is none, or a finding is about it.
func matcherOf(c *word.Call, v starlark.Value) *word.Matcher {
	m, err := c.Draft.MatcherOf(v)
	for _, f := range interp.FindingsOf(err) {
		c.Bad = true
		c.Draft.Find(f)
	}
	if m != nil {
		c.Draft.Constant(v)
	}
	return m
}

// namedMatcher stands for the matcher that a name is given to, which may be further below.
type namedMatcher struct {
	name string
	pos  source.Pos
	is   match.Matcher
}

// Match asks the matcher that has the name.
func (n *namedMatcher) Match(ctx context.Context, text string) (bool, error) {
	if n.is == nil {
		return false, fmt.Errorf("matcher %q is not defined yet", n.name)
	}
	return n.is.Match(ctx, text)
}

// resolve finds the matcher, or says that there is none.
func (n *namedMatcher) resolve(c *word.Call) bool {
	d := c.Draft
	if m := d.Matchers[n.name]; m != nil {
		n.is = m.Is
		return true
	}
	if !d.Partial {
		c.ProblemAt(n.pos, "unknown-matcher", fmt.Sprintf("matcher %q is not defined", n.name), word.DidYouMean(n.name, d.MatcherNames(), "defined matchers: "))
	}
	return false
}

func makeGetMatcher(c *word.Call) starlark.Value {
	switch v := c.Given("matcher").(type) {
	case nil:
		return interp.Poison{}
	case starlark.String:
		n := &namedMatcher{name: string(v), pos: c.At("matcher")}
		if m := c.Draft.Matchers[n.name]; m != nil {
			n.is = m.Is
		} else {
			c.Draft.Later(func() { n.resolve(c) })
		}
		return word.NewMatcher(c, &word.Matcher{Name: n.name, Pos: c.Pos, Is: n})
	default:
		if m := matcherOf(c, v); m == nil {
			return interp.Poison{}
		}
		return v
	}
}

func makeRegexpMatcher(c *word.Call) starlark.Value {
	fold := c.Given("ignore_case") == nil || c.Bool("ignore_case")
	for _, param := range []string{"match_list", "ignore_list"} {
		for i, pattern := range c.Texts(param) {
			if _, err := match.NewRegexp([]string{pattern}, nil, fold); err != nil {
				c.ProblemAt(c.Element(param, i), "bad-pattern", err.Error(), "")
			} else if match.Never(pattern) {
				c.WarnAt(c.Element(param, i), "pattern-never-matches", fmt.Sprintf("%s: nothing can match %q", param, pattern),
					"$ stands at the end of a pattern and ^ at its beginning; write \\$ or \\^ for the characters themselves")
			}
		}
	}
	if len(c.Texts("match_list")) == 0 && !c.Refused("match_list") {
		c.Warn("match_list", "matcher-never-matches", "without match_list nothing matches", `write match_list=[".*"] if all but ignore_list is to match`)
	}
	m, err := match.NewRegexp(c.Texts("match_list"), c.Texts("ignore_list"), fold)
	if err != nil {
		return interp.Poison{}
	}
	return word.NewMatcher(c, &word.Matcher{Pos: c.Pos, Is: m})
}
