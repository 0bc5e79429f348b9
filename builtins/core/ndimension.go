package core

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
	"zorpgo/engine/rule"
)

// nDimensionWord declares a rule for each dictionary: the form that rules had before Rule.
var nDimensionWord = &word.Word{
	Name: "NDimensionDispatcher", Aliases: []string{"NDimensionListener"}, Module: "Zorp.Core", Declares: true,
	Doc: "Declares rules in their older form: each dictionary has the parameters of a Rule; a range of ports may be a text such as \"80:90\". " +
		"With transparent=FALSE they are for connections to the addresses of bindto, with TRUE for those that are intercepted, as any Rule.",
	Example: `NDimensionDispatcher(bindto=SockAddrInet("172.16.40.1", 25), transparent=FALSE, rules=({"src_zone": "dmz", "service": "mail"},))`,
	Errors:  []string{"a rule that is no dictionary, or that has no service", "what Rule and Dispatcher refuse"},
	Params: append([]word.Param{bindParam,
		{Name: "rules", Type: word.Type{Want: "a list of dictionaries, such as ({\"dst_port\": 25, \"service\": \"mail\"},)", Accepts: word.ListOf(word.Type{Accepts: isDict}, "").Accepts},
			Doc: "the rules"},
		{Name: "transparent", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: the rules say alone which connections they are for"}}, listenerParams[1:]...),
	Make: makeNDimension,
}

func makeNDimension(c *word.Call) starlark.Value {
	l := listening(c)
	transparent := c.Bool("transparent")
	if transparent {
		c.Draft.Note(c.At("bindto"), "no-effect", l.Word+": bindto has no effect with transparent=TRUE: the rules say which connections they are for", asRule)
	}
	i := 0
	for v := range dicts(c) {
		inner := c.Inner(ruleWord, "rules", i, entries(v))
		i++
		if makeRule(inner); inner.Bad || transparent {
			c.Bad = c.Bad || inner.Bad
			continue
		}
		own := *l
		r := c.Draft.Rules[len(c.Draft.Rules)-1]
		r.Listener = &own
		for _, at := range l.At {
			if inner.Given("dst_port") == nil {
				r.DstPort = appendNew(r.DstPort, rule.PortRange{Low: at.Port(), High: at.Port()})
			}
			if inner.Given("dst_subnet") == nil && inner.Given("dst_zone") == nil {
				r.DstSubnet = appendNew(r.DstSubnet, served(at.Addr()))
			}
		}
	}
	if i == 0 && !c.Bad {
		c.Problem("rules", "no-service", "rules is empty, so every connection would be refused", "")
	}
	return named(c, "listener", l.Word)
}

func dicts(c *word.Call) func(yield func(*starlark.Dict) bool) {
	return func(yield func(*starlark.Dict) bool) {
		given := c.Given("rules")
		if given == nil {
			return
		}
		for v := range word.Elements(given) {
			if !yield(v.(*starlark.Dict)) {
				return
			}
		}
	}
}

// entries are those of a rule as arguments have them.
func entries(d *starlark.Dict) (list []starlark.Tuple) {
	for _, item := range d.Items() {
		name, isText := item[0].(starlark.String)
		if !isText {
			name = starlark.String(item[0].String())
		}
		v := item[1]
		if name == "src_port" || name == "dst_port" {
			v = portTexts(v)
		}
		list = append(list, starlark.Tuple{name, v})
	}
	return list
}

// portTexts is v with PortRange values for texts such as "80:90".
func portTexts(v starlark.Value) starlark.Value {
	var list starlark.Tuple
	for element := range word.Elements(v) {
		text, _ := starlark.AsString(element)
		from, to, isRange := strings.Cut(text, ":")
		low, err := number(decimal(starlark.String(from)), maxPort)
		high, err2 := number(decimal(starlark.String(to)), maxPort)
		if isRange && err == nil && err2 == nil && low <= high {
			element = &word.Value[rule.PortRange]{Kind: "port range", Text: fmt.Sprintf("PortRange(%d, %d)", low, high), Is: rule.PortRange{Low: uint16(low), High: uint16(high)}}
		}
		list = append(list, element)
	}
	return list
}
