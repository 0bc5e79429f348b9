package plug

import (
	"go.starlark.net/starlark"

	"zorpgo/builtins/proxyclass"
)

const (
	statsMethod     = "packetStats"
	statsParameters = "self, client_bytes, client_pkts, server_bytes, server_pkts"
	statsArguments  = 4

	accept = 1 // ZV_ACCEPT
)

// methods are those of Zorp's classes.
var methods = func() starlark.StringDict {
	m := proxyclass.LifecycleMethods[*host]()
	m["name"] = starlark.String("plug")
	m[statsMethod] = proxyclass.Method(statsMethod, statsArguments, func(*proxyclass.MethodCall[*host]) (starlark.Value, error) {
		return starlark.MakeInt(accept), nil
	})
	return m
}()
