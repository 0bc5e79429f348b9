package core

import (
	"fmt"
	"math"

	"zorpgo/builtins/word"
	"zorpgo/engine/limit"
)

// limits are those of a Service, but max_instances.
func limits(c *word.Call) limit.Limits {
	l := limit.Limits{
		SessionsPerClient: c.Int("max_sessions_per_client", 0, math.MaxInt32, 0),
		Rate:              c.Int("max_rate", 0, math.MaxInt32, 0),
		RatePerClient:     c.Int("max_rate_per_client", 0, math.MaxInt32, 0),
		IPv4:              c.Int("client_prefix_ipv4", 1, 32, 0),
		IPv6:              c.Int("client_prefix_ipv6", 1, 128, 0),
	}
	never(c, "max_sessions_per_client", l.SessionsPerClient, "max_instances", c.Int("max_instances", 0, math.MaxInt32, 0))
	never(c, "max_rate_per_client", l.RatePerClient, "max_rate", l.Rate)
	for _, param := range []string{"client_prefix_ipv4", "client_prefix_ipv6"} {
		if c.Given(param) != nil && !l.PerClient() && !c.Bad {
			c.Draft.Note(c.At(param), "no-effect", "Service: "+param+" has no effect: nothing is limited by client networks",
				"leave it out, or write max_sessions_per_client or max_rate_per_client")
		}
	}
	return l
}

// never warns of a limit of one client network that is not below that of all together: one network may take everything.
func never(c *word.Call, param string, one int, whole string, all int) {
	if one > 0 && all > 0 && one >= all {
		c.Warn(param, "limit-never-reached", fmt.Sprintf("%s is %d, %s is %d: one client network may take the whole service", param, one, whole, all),
			"write a smaller number, such as a tenth of "+whole)
	}
}
