package plug

import (
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
)

const module = "Zorp.Plug"

// Pages is the documentation of the module: its classes, the method that is theirs alone, and the attributes.
func Pages() []word.Page {
	pages := []word.Page{
		{Name: plugProxyName, Kind: word.Class, Module: module, Signature: "class NAME(PlugProxy):",
			Doc: "Relays bytes between client and server without looking at them: for protocols that no other class knows, such as IMAP. " +
				"It says who may connect where and counts; it checks nothing. A loss on one side is passed on to the other as a reset. " +
				"The methods of a session are those of SmtpProxy that do not speak of mail.",
			Errors:   []string{"an attribute that it has not, unless a method reads it"},
			Examples: []word.Example{{Title: "Example", Text: example("        self.timeout = 1800000", "")}}},
		{Name: abstractName, Kind: word.Class, Module: module, Signature: "class NAME(AbstractPlugProxy):",
			Doc:      "What PlugProxy derives from; there is no difference.",
			Errors:   []string{"as for PlugProxy"},
			Examples: []word.Example{{Title: "Example", Text: "from Zorp.Plug import *\n\nService(\"imap\", AbstractPlugProxy)\n"}}},
		statsPage(),
	}
	for _, a := range Attributes {
		pages = append(pages, attributePage(a))
	}
	return pages
}

func statsPage() word.Page {
	return word.Page{Name: statsMethod, Kind: word.Method, Module: module, Signature: statsMethod + "(" + statsParameters + ")",
		Doc:   "Says whether a session of PlugProxy goes on. It is called after every packet_stats_interval_packet packets, and every packet_stats_interval_time.",
		Title: "The call",
		Rows: []word.Row{{Name: "gets", Doc: "what came from both sides so far; a packet is what one read brought"},
			{Name: "returns", Doc: "ZV_ACCEPT, and the session goes on; with any other number it ends"},
			{Name: "on error", Doc: "The session ends. An answer that is no number is an error."}},
		Examples: []word.Example{{Title: "Example", Text: statsExample}}}
}

var statsExample = example("        self.packet_stats_interval_time = 60000", `
    def packetStats(self, client_bytes, client_pkts, server_bytes, server_pkts):
        if self.bandwidth_to_client > 10000000:
            return ZV_REJECT
        return ZV_ACCEPT
`)

// example is a policy with a class whose config() has the given lines.
func example(config, more string) string {
	return "from Zorp.Plug import *\n\nclass Relay(PlugProxy):\n    def config(self):\n        PlugProxy.config(self)\n" +
		config + "\n" + more + "\nService(\"relay\", Relay)\n"
}

// attributePage is the documentation of an attribute.
func attributePage(a *proxyclass.Attribute) word.Page {
	p := a.Page(module)
	text, whole := "self."+a.Name+" = "+a.Default, ""
	switch {
	case a.Setting == nil && a.NotBuilt == "":
		text = `proxyLog(self, PLUG_DEBUG, 4, "` + a.Name + `=%s", self.` + proxyclass.Shown(a) + ")"
		whole = example("        self.timeout = 1800000", "\n    def shutDown(self):\n        "+text+"\n")
	default:
		whole = example("        "+text, "")
	}
	p.Examples = []word.Example{{Title: "Example", Text: text + "\n", Whole: whole}}
	return p
}
