package core

import (
	"math"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/chain"
)

const (
	protoAuto = 0
	protoUDP  = 2
)

var chainerType = word.TypeOf[chain.Chainer]("a chainer, such as ConnectChainer()")

var (
	chainProtocol = word.Param{Name: "protocol", Type: word.Integer, Default: "ZD_PROTO_AUTO", Doc: "ZD_PROTO_AUTO or ZD_PROTO_TCP"}
	chainTimeout  = word.Param{Name: "timeout_connect", Type: word.Integer, Default: "None",
		Doc: "how long to wait for one server, in ms; None and 0 are config.options.timeout_server_connect, a negative number waits as long as the kernel does"}
	chainState = word.Param{Name: "timeout_state", Type: word.Integer, Default: "None",
		Doc: "how long a server that failed is passed over, in ms; None is a minute"}
	chainerErrors = []string{"the protocol UDP, which is not built"}
	stateErrors   = append(chainerErrors, "a timeout_state below 1")
)

// stateDoc is what the chainers that remember have in common.
const stateDoc = " A server that fails is passed over for timeout_state, by all sessions of the service; it is known by its address, whatever the port. " +
	"If none is left, all are tried once more; if that fails, too, the client sees that there is no server. " +
	"A record is logged when a server goes down and when it is up again."

var chainerWords = []*word.Word{
	{
		Name: "ConnectChainer", Module: "Zorp.Core",
		Doc:     "Connects once, to the first target.",
		Example: `ConnectChainer(timeout_connect=5000)`,
		Errors:  chainerErrors,
		Params:  []word.Param{chainProtocol, chainTimeout},
		Make:    func(c *word.Call) starlark.Value { return chainer(c, connect(c.Draft, connectTimeout(c))) },
	},
	{
		Name: "MultiTargetChainer", Module: "Zorp.Core",
		Doc: "Tries each of the router's targets once until one connects. The sessions take turns in where they begin. " +
			"Nothing is remembered of a server that failed; see RoundRobinChainer.",
		Example: `Service("mail", SmtpProxy, router=DirectedRouter((SockAddrInet("172.16.20.254", 25), SockAddrInet("172.16.20.253", 25))), chainer=MultiTargetChainer())`,
		Errors:  chainerErrors,
		Params:  []word.Param{chainProtocol, chainTimeout},
		Make: func(c *word.Call) starlark.Value {
			return chainer(c, &chain.MultiTarget{Timeout: milliseconds(connectOption(c.Draft, connectTimeout(c)))})
		},
	},
	{
		Name: "StateBasedChainer", Aliases: []string{"RoundRobinChainer"}, Module: "Zorp.Core",
		Doc:     "Shares the sessions out among the router's targets: each begins with the next one, and goes on to those after it until one connects." + stateDoc,
		Example: `Service("mail", SmtpProxy, router=DirectedRouter((SockAddrInet("172.16.20.254", 25), SockAddrInet("172.16.20.253", 25))), chainer=RoundRobinChainer(timeout_state=30000))`,
		Errors:  stateErrors,
		Params:  []word.Param{chainProtocol, chainTimeout, chainState},
		Make: func(c *word.Call) starlark.Value {
			return stateBased(c, milliseconds(c.Int("timeout_state", 1, math.MaxInt32, 0)), false)
		},
	},
	{
		Name: "FailoverChainer", Module: "Zorp.Core",
		Doc:     "Connects to the first of the router's targets, and to the next ones only while those before are down." + stateDoc,
		Example: `Service("mail", SmtpProxy, router=DirectedRouter((SockAddrInet("172.16.20.254", 25), SockAddrInet("172.16.20.253", 25))), chainer=FailoverChainer(timeout=30))`,
		Errors:  append(stateErrors, "a negative timeout"),
		Params: []word.Param{
			chainProtocol,
			{Name: "timeout", Type: word.Integer, Default: "0", Doc: "timeout_state in seconds, instead of it; 0 is not given"},
			chainState, chainTimeout,
			{Name: "round_robin", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: as StateBasedChainer"},
		},
		Make: func(c *word.Call) starlark.Value {
			state := milliseconds(c.Int("timeout_state", 1, math.MaxInt32, 0))
			if seconds := c.Int("timeout", 0, math.MaxInt32, 0); seconds > 0 {
				state = time.Duration(seconds) * time.Second
			}
			return stateBased(c, state, !c.Bool("round_robin"))
		},
	},
}

func stateBased(c *word.Call, state time.Duration, failover bool) starlark.Value {
	return chainer(c, &chain.StateBased{
		Timeout:      milliseconds(connectOption(c.Draft, connectTimeout(c))),
		TimeoutState: state, Failover: failover,
	})
}

// chainer is what a chainer's word returns.
func chainer(c *word.Call, made chain.Chainer) starlark.Value {
	if c.Int("protocol", protoAuto, protoUDP, protoAuto) == protoUDP {
		c.Problem("protocol", "not-built", "UDP is Zorp's but not built yet", "write ZD_PROTO_TCP")
	}
	if c.Bad {
		return interp.Poison{}
	}
	return word.NewValue(c, "chainer", made)
}

// connectTimeout is in ms; 0 stands for the policy's option.
func connectTimeout(c *word.Call) int {
	return c.Int("timeout_connect", math.MinInt32, math.MaxInt32, 0)
}

func connectOption(d *word.Draft, timeout int) int {
	if timeout == 0 {
		return d.Config.TimeoutServerConnect
	}
	return timeout
}

// connect makes the usual chainer.
func connect(d *word.Draft, timeout int) chain.Chainer {
	return &chain.Connect{Timeout: milliseconds(connectOption(d, timeout))}
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }
