package core

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/match"
)

var matcherWords = []*word.Word{
	{
		Name: "MatcherPolicy", Module: "Zorp.Core", Declares: true,
		Doc:     "Gives a name to a matcher, for proxy classes to refer to.",
		Example: `MatcherPolicy(name="spammers", matcher=RegexpMatcher(match_list=["@spam\\.example$"]))`,
		Errors:  []string{"a name that another matcher has"},
		Params: []word.Param{
			{Name: "name", Type: word.Text, Doc: "how proxy classes refer to it"},
			{Name: "matcher", Type: word.TypeOf[*word.Matcher]("a matcher, such as RegexpMatcher(...)"), Doc: "the matcher"},
		},
		Make: makeMatcherPolicy,
	},
	{
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
	},
}

func makeMatcherPolicy(c *word.Call) starlark.Value {
	m, _ := word.Get[*word.Matcher](c, "matcher")
	name := c.Text("name")
	if first := c.Draft.Matchers[name]; first != nil {
		c.Problem("name", "matcher-name-twice", fmt.Sprintf("matcher %q is defined already at %s", name, first.Pos), "give one of the two another name")
	} else if name != "" {
		policy := &word.Matcher{Name: name, Pos: c.Pos}
		if m != nil {
			policy.Is = m.Is
		}
		c.Draft.Matchers[name] = policy
		return word.NewValue(c, "matcher", policy)
	}
	return interp.Poison{}
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
	return word.NewValue(c, "matcher", &word.Matcher{Pos: c.Pos, Is: m})
}
