package core

import (
	"math"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
	"zorpgo/engine/chain"
)

const (
	protoAuto = 0
	protoUDP  = 2
)

var chainerType = word.TypeOf[chain.Chainer]("a chainer, such as ConnectChainer()")

var connectChainerWord = &word.Word{
	Name: "ConnectChainer", Module: "Zorp.Core",
	Doc:     "Connects once, to the first target.",
	Example: `ConnectChainer(timeout_connect=5000)`,
	Errors:  []string{"the protocol UDP, which is not built"},
	Params: []word.Param{
		{Name: "protocol", Type: word.Integer, Default: "ZD_PROTO_AUTO", Doc: "ZD_PROTO_AUTO or ZD_PROTO_TCP"},
		{Name: "timeout_connect", Type: word.Integer, Default: "None", Doc: "how long to wait, in ms; None and 0 are config.options.timeout_server_connect, a negative number waits as long as the kernel does"},
	},
	Make: func(c *word.Call) starlark.Value {
		if c.Int("protocol", protoAuto, protoUDP, protoAuto) == protoUDP {
			c.Problem("protocol", "not-built", "UDP is Zorp's but not built yet", "write ZD_PROTO_TCP")
		}
		timeout := c.Int("timeout_connect", math.MinInt32, math.MaxInt32, 0)
		return word.NewValue(c, "chainer", connect(c.Draft, timeout))
	},
}

// connect makes the usual chainer; timeout is in ms and 0 stands for the policy's option.
func connect(d *word.Draft, timeout int) chain.Chainer {
	if timeout == 0 {
		timeout = d.Config.TimeoutServerConnect
	}
	return &chain.Connect{Timeout: time.Duration(max(timeout, 0)) * time.Millisecond}
}
