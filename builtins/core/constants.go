package core

import (
	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
	"zorpgo/engine/nat"
)

// The constants of Zorp's base module, with its numbers. Those of what is not built are there too, since a policy
// may mention them; what takes them says that it is not built.
var numberConstants = map[string]int{
	"AF_UNSPEC": word.FamilyUnspec, "AF_UNIX": word.FamilyUnix, "AF_INET": word.FamilyInet, "AF_INET6": word.FamilyInet6,
	"ZD_PROTO_AUTO": 0, "ZD_PROTO_TCP": 1, "ZD_PROTO_UDP": 2,
	"Z_PORT_ANY": -1, "Z_PORT_GROUP": -2, "Z_PORT_EXACT": -3, "Z_PORT_RANDOM": -4,
	"Z_STACK_PROXY": 1, "Z_STACK_PROGRAM": 2, "Z_STACK_REMOTE": 3, "Z_STACK_PROVIDER": 4, "Z_STACK_CUSTOM": 5, "Z_STACK_PROXY_IN_SESSION": 6,
	"NAT_SNAT": int(nat.Source), "NAT_DNAT": int(nat.Destination),
	"Z_KEEPALIVE_NONE": 0, "Z_KEEPALIVE_CLIENT": 1, "Z_KEEPALIVE_SERVER": 2, "Z_KEEPALIVE_BOTH": 3,
	"Z_BACL_REQUIRED": 1, "Z_BACL_SUFFICIENT": 2,
	"Z_PROXY_PRI_LOW": 0, "Z_PROXY_PRI_NORMAL": 1, "Z_PROXY_PRI_HIGH": 2, "Z_PROXY_PRI_URGENT": 3,
}

var verdicts = []string{"UNSPEC", "ACCEPT", "DENY", "REJECT", "ABORT", "DROP", "POLICY", "ERROR"}

var textConstants = map[string]string{
	"Z_NOT": "Z_NOT", "Z_AND": "Z_AND", "Z_OR": "Z_OR", "Z_XOR": "Z_XOR", "Z_EQ": "Z_EQ", "Z_NE": "Z_XOR",
	"CORE_SESSION": "core.session", "CORE_DEBUG": "core.debug", "CORE_ERROR": "core.error", "CORE_POLICY": "core.policy",
	"CORE_MESSAGE": "core.message", "CORE_AUTH": "core.auth", "CORE_INFO": "core.info", "CORE_SUMMARY": "core.summary",
}

// constants are all of them by name; TRUE and FALSE are booleans, which every integer parameter takes as 1 and 0.
func constants() starlark.StringDict {
	dict := starlark.StringDict{"TRUE": starlark.True, "FALSE": starlark.False}
	for name, n := range numberConstants {
		dict[name] = starlark.MakeInt(n)
	}
	for n, name := range verdicts {
		dict["ZV_"+name] = starlark.MakeInt(n)
		dict["Z_"+name] = starlark.MakeInt(n)
	}
	for name, text := range textConstants {
		dict[name] = starlark.String(text)
	}
	return dict
}
