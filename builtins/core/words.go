// Package core is the words of Zorp.Core: zones, rules, services, routers, addresses, chainers, matchers, constants,
// log and config. Package builtins gives them to every policy, with or without import.
package core

import (
	"log/slog"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
)

// Words lists the functions of Zorp.Core that are built.
func Words() []*word.Word {
	return slices.Concat([]*word.Word{zoneWord, serviceWord, denyServiceWord, ruleWord, portRangeWord},
		listenerWords, []*word.Word{nDimensionWord}, bindWords, routerWords, []*word.Word{inbandWord}, resolverWords, sockAddrWords, subnetWords, chainerWords, natWords, natClassWords, matcherWords, logWords)
}

// Pages is the documentation of the module's functions and objects.
func Pages() []word.Page {
	var pages []word.Page
	for _, w := range Words() {
		pages = append(pages, w.Page())
	}
	return append(pages, abstractNATPage, abstractRouterPage, abstractMatcherPage, configPage(word.NewDraft(slog.New(slog.DiscardHandler))))
}

// families are the words that classes of a policy may derive from.
var families = []struct {
	*word.Family
	words []*word.Word
}{
	{&word.Family{Abstract: abstractRouter, Hook: routeConnection}, append([]*word.Word{inbandWord}, routerWords...)},
	{&word.Family{Hook: "chainParent"}, chainerWords},
	{&word.Family{Abstract: abstractNAT, Hook: performTranslation}, natClassWords},
	{&word.Family{Abstract: word.AbstractMatcher, Hook: "checkMatch", Calls: true}, matcherClassWords},
}

// Module is everything that "from Zorp.Core import *" brings, for the policy whose declarations go into d.
func Module(d *word.Draft) starlark.StringDict {
	dict := constants()
	for name, v := range word.Builtins(d, Words()) {
		dict[name] = v
	}
	for _, f := range families {
		maps.Copy(dict, f.Builtins(d, f.words))
	}
	for name, v := range logBuiltins(d) {
		dict[name] = v
	}
	dict["DenyIPv4"], dict["DenyIPv6"] = denySettings("DenyIPv4", denyIPv4), denySettings("DenyIPv6", denyIPv6)
	dict["config"] = &configObject{draft: d}
	dict[abstractNAT.Name()] = abstractNAT
	dict[abstractRouter.Name()] = abstractRouter
	dict[word.AbstractMatcher.Name()] = word.AbstractMatcher
	return dict
}

// named is what a declaration returns: the policy may read its name.
func named(c *word.Call, kind, name string) starlark.Value {
	return &declared{word.NewValue(c, kind, name)}
}

// declared is a zone, service, rule or policy in the policy's hands.
type declared struct{ *word.Value[string] }

// Attr is the name.
func (d *declared) Attr(name string) (starlark.Value, error) {
	if name == "name" {
		return starlark.String(d.Is), nil
	}
	return nil, nil
}

// AttrNames lists the attributes.
func (d *declared) AttrNames() []string { return []string{"name"} }
