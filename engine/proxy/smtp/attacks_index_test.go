package smtp

import (
	"fmt"
	"testing"
)

// attacks are known attacks on SMTP proxies and what a dialog alone cannot show of each. The dialogs are those that bear
// its name.
var attacks = []row{
	{name: "EOD-01"}, {name: "EOD-02"}, {name: "EOD-03"}, {name: "EOD-04"}, {name: "EOD-05"}, {name: "EOD-06"},
	{name: "EOD-07"}, {name: "EOD-08"}, {name: "EOD-09"}, {name: "EOD-10"}, {name: "EOD-11"}, {name: "EOD-12"},
	{name: "EOD-13", shown: []string{"smtp TestBodyEverySplit", "smtp FuzzBody"}},
	{name: "EOD-14"}, {name: "EOD-15"}, {name: "EOD-16"}, {name: "EOD-17"}, {name: "EOD-18"}, {name: "EOD-19"},
	{name: "EOD-20"}, {name: "EOD-21"},
	{name: "CHK-01"}, {name: "CHK-02"}, {name: "CHK-03"}, {name: "CHK-04"}, {name: "CHK-05"}, {name: "CHK-06"},
	{name: "CHK-07"}, {name: "CHK-08"}, {name: "CHK-09"},
	{name: "CHK-10"},
	{name: "PIPE-01"}, {name: "PIPE-02"}, {name: "PIPE-03"}, {name: "PIPE-04"},
	{name: "PIPE-05", shown: []string{"smtp TestGroupIsBounded", "smtp TestClientThatNeverReads", "proxy TestBackPressure"}},
	{name: "PIPE-06"},
	{name: "CMD-01"},
	{name: "CMD-02"},
	{name: "CMD-03", shown: []string{"smtp TestHooks"}},
	{name: "CMD-04", shown: []string{"smtp TestNamesForXCLIENT", "smtp FuzzClientAttributes"}},
	{name: "CMD-05", shown: []string{"smtp TestRelayCheck", "smtp TestParsePath"}},
	{name: "CMD-06", shown: []string{"smtp TestParsePath"}},
	{name: "CMD-07", shown: []string{"smtp TestFixedPoint", "smtp FuzzPath"}},
	{name: "CMD-08"}, {name: "CMD-09"}, {name: "CMD-10"}, {name: "CMD-11"}, {name: "CMD-12"}, {name: "CMD-13"},
	{name: "CMD-14"}, {name: "CMD-15"},
	{name: "TLS-01", shown: []string{"proxy TestSecureInjected"}}, {name: "TLS-02", shown: []string{"proxy TestSecureInjected"}},
	{name: "TLS-03"}, {name: "TLS-04"}, {name: "TLS-05"}, {name: "TLS-06", shown: []string{"service TestServerWithoutTLS"}},
	{name: "TLS-07", shown: []string{"proxy TestSecureFails", "proxy TestSecureServerFails", "service TestNoHandshake"}},
	{name: "TLS-08", shown: []string{"proxy TestSecureFails"}},
	{name: "TLS-09", shown: []string{"proxy TestSecureServerFails", "service TestServerThatCannotProve"}},
	{name: "TLS-10", shown: []string{"service TestOtherApplication"}}, {name: "TLS-11"}, {name: "TLS-14"},
	{name: "AUTH-01"}, {name: "AUTH-02"}, {name: "AUTH-03"}, {name: "AUTH-04"}, {name: "AUTH-05"}, {name: "AUTH-06"},
	{name: "AUTH-07", shown: []string{"smtp TestSecretsAreNotLogged", "builtins TestSecretsAreNotLogged"}},
	{name: "BACK-01", shown: []string{"smtp FuzzReply"}}, {name: "BACK-02"}, {name: "BACK-03"}, {name: "BACK-04"}, {name: "BACK-05"},
	{name: "MSG-01", shown: []string{"smtp TestHeader"}},
	{name: "MSG-03"}, {name: "MSG-05"},
	{name: "DOS-01", shown: []string{"smtp TestSlowCommand", "proxy TestAwait"}},
	{name: "DOS-02", shown: []string{"smtp TestSlowText"}},
	{name: "DOS-03", shown: []string{"engine TestClientLimit", "engine TestMaxConnections", "engine TestManyTurnedAway", "limit TestFullTable"}},
	{name: "DOS-04", shown: []string{"dispatch TestSilentProxy", "dispatch TestSilentProxyIsCut"}},
	{name: "PRX-01", shown: []string{"engine TestProxyHeaders", "engine TestHeaderWhereNoneIsExpected"}},
	{name: "PRX-02", shown: []string{"engine TestProxyHeaders", "announce TestRead"}},
	{name: "PRX-03", shown: []string{"engine TestProxyHeaders", "announce TestRead", "announce FuzzProxyHeader"}},
	{name: "PRX-04", shown: []string{"engine TestAnnouncedClients", "announce TestRead"}},
	{name: "PRX-05", shown: []string{"engine TestProxyHeaders", "announce TestRead", "announce FuzzProxyHeader"}},
	{name: "PRX-06", shown: []string{"engine TestAnnouncedClients", "announce TestRead"}},
	{name: "PRX-07", shown: []string{"engine TestProxyHeaders", "announce TestRead"}},
	{name: "PRX-08", shown: []string{"engine TestProxyHeaders"}},
	{name: "PRX-09", shown: []string{"engine TestProxyHeaders", "engine TestAnnouncedClients"}},
	{name: "DOS-05", shown: []string{"match TestRegexp"}},
	{name: "DOS-06", shown: []string{"interp TestLimits", "builtins TestHooks"}},
	{name: "DOS-07", shown: []string{"match TestLookupsNeverAnswered", "match TestRegexpFileStallsNobody", "builtins TestSlowMatcher"}},
	{name: "DOS-08", shown: []string{"proxy TestPanic", "smtp FuzzSession"}},
	{name: "LOG-01", shown: []string{"builtins TestForgedRecords", "journal TestEscaped", "journal TestValuesAreCapped"}},
	{name: "LOG-02", shown: []string{"builtins TestForgedRecords"}},
	{name: "LOG-03", shown: []string{"builtins TestServersText"}},
	{name: "LOG-04", shown: []string{"builtins TestFloodOfRefusals", "journal TestRepeats", "journal TestRepeatsAreBounded"}},
}

// TestAttacks: every attack has a dialog of its name or a test that shows that it fails.
func TestAttacks(t *testing.T) {
	names := knownNames(t)
	rows := make([]row, len(attacks))
	for i, r := range attacks {
		r.shown = append(names.named(r.name), r.shown...)
		rows[i] = r
	}
	names.check(t, rows)
	for _, group := range []string{"EOD", "CHK", "PIPE", "CMD", "AUTH", "TLS", "BACK", "MSG", "PRX", "DOS"} {
		dialogs := 0
		for i := range 30 {
			dialogs += len(names.named(fmt.Sprintf("%s-%02d", group, i)))
		}
		t.Logf("%s: %d dialogs", group, dialogs)
	}
}
