package builtins

import (
	"strings"

	"zorpgo/engine/source"
)

// worded gives findings that say in one breath what is wrong and what to write instead a hint of their own: "got 5, want
// a string" becomes "got 5" and "write a string".
func worded(found source.Findings) source.Findings {
	for i := range found {
		f := &found[i]
		if f.Hint != "" {
			continue
		}
		for _, way := range []string{", want ", ", write "} {
			if wrong, right, ok := strings.Cut(f.Message, way); ok {
				f.Message, f.Hint = wrong, "write "+right
				break
			}
		}
		if f.Hint == "" {
			f.Hint = lastResort[f.ID]
		}
	}
	return found
}

// lastResort says what can be done about a finding when nothing better is known.
var lastResort = map[string]string{
	"bad-class":                 "zorpgo doc lists the attributes and what they may be",
	"bad-group":                 "write the group's number, or add its name to the file",
	"bad-pattern":               "correct the pattern; its syntax is that of RE2",
	"not-built":                 "leave it out",
	"unknown-attribute":         "zorpgo doc lists the attributes that there are; a name of your own must be read by a method",
	"unknown-encryption-policy": "write EncryptionPolicy(name=..., encryption=...) to define it",
	"unknown-matcher":           "write MatcherPolicy(name=..., matcher=...) to define it",
	"unknown-module":            "write the file, or name a module that zorpgo doc lists",
	"unknown-name":              "define it above, or import it; zorpgo doc lists what there is",
	"unknown-nat-policy":        "write NATPolicy(name=..., nat=...) to define it",
	"unknown-resolver":          "write ResolverPolicy(name=..., resolver=...) to define it",
	"unknown-service":           "write Service(name=..., proxy_class=...) to define it",
	"unknown-zone":              "write Zone(name, addrs=[...]) to define it",
	"unreadable":                "let the user who runs zorpgo read it",
	"wrong-attribute":           "leave the assignment out",
	"unknown-instance":          "write def default_instance(): with the services and rules in it",
}
