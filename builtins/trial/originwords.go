package trial

import (
	"errors"

	"go.starlark.net/starlark"

	"zorpgo/engine/proxy"
)

// originValue is the server of a connection as a test sees it.
func (c *connection) originValue() *value {
	o := c.origin
	return &value{kind: "origin",
		attrs: map[string]func() starlark.Value{
			"lines":    func() starlark.Value { return textList(o.lines) },
			"messages": func() starlark.Value { return textList(o.messages) },
			"received": func() starlark.Value { return starlark.String(o.received) },
			"header":   func() starlark.Value { return starlark.String(c.header) },
		},
		methods: map[string]method{"say": c.originSayWord, "close": noArguments(c.originClose)},
	}
}

// originSayWord is c.origin.say(text): the server speaks, asked or not; what the client then is sent.
func (c *connection) originSayWord(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	text := ""
	if err := starlark.UnpackArgs(name, args, kwargs, "text", &text); err != nil {
		return nil, err
	}
	if c.talk == nil {
		return nil, errors.New("there is no session: " + c.denied)
	}
	c.originSays(text)
	return starlark.String(c.hear()), nil
}

func (c *connection) originClose() (starlark.Value, error) {
	if c.talk == nil {
		return nil, errors.New("there is no session: " + c.denied)
	}
	c.talk.End(proxy.Server)
	return starlark.String(c.hear()), nil
}
