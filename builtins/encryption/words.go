// Package encryption is the words of Zorp.Encryption: policies, certificates, what is verified, and options of TLS.
// Package builtins gives them to every policy, with or without import.
package encryption

import (
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
)

const module = "Zorp.Core"

// Words lists the functions of Zorp.Encryption that are built.
func Words() []*word.Word {
	return slices.Concat([]*word.Word{policyWord}, scenarioWords, sourceWords, materialWords, verifierWords, optionWords)
}

// Pages is the documentation of the functions.
func Pages() (pages []word.Page) {
	for _, w := range Words() {
		pages = append(pages, w.Page())
	}
	return pages
}

// Module is everything that the module brings, for the policy whose declarations go into d.
func Module(d *word.Draft) starlark.StringDict {
	dict := word.Builtins(d, Words())
	maps.Copy(dict, (&word.Family{}).Builtins(d, scenarioWords))
	for name, n := range securities {
		dict[name] = starlark.MakeInt(int(n.number))
	}
	for name, text := range texts {
		dict[name] = starlark.String(text)
	}
	return dict
}

// security is one of Zorp's numbers of what a side does.
type security struct {
	number         int
	client, server encryption.Mode
}

const requireStartTLS = 4

// securities are those numbers; SSL_REQUIRE_STARTTLS is not Zorp's.
var securities = map[string]security{
	"SSL_NONE":             {0, encryption.Plain, encryption.Plain},
	"SSL_FORCE_SSL":        {1, encryption.Implicit, encryption.Implicit},
	"SSL_ACCEPT_STARTTLS":  {2, encryption.StartTLS, encryption.StartTLS},
	"SSL_FORWARD_STARTTLS": {3, encryption.Forward, encryption.Forward},
	"SSL_REQUIRE_STARTTLS": {requireStartTLS, encryption.StartTLSRequired, encryption.StartTLSRequired},
}

// texts are what options may say.
var texts = map[string]string{
	"SSL_METHOD_ALL": "SSLv23", "SSL_METHOD_SSLV23": "SSLv23", "SSL_METHOD_SSLV3": "SSLv3", "SSL_METHOD_TLSV1": "TLSv1",
	"SSL_METHOD_TLSV1_1": "TLSv1_1", "SSL_METHOD_TLSV1_2": "TLSv1_2",
	"SSL_CIPHERS_ALL": "ALL:!aNULL:@STRENGTH", "SSL_CIPHERS_HIGH": "HIGH:!aNULL:@STRENGTH", "SSL_CIPHERS_MEDIUM": "HIGH:MEDIUM:!aNULL:@STRENGTH",
	"SSL_CIPHERS_LOW": "HIGH:MEDIUM:LOW:EXPORT:!aNULL:@STRENGTH", "SSL_CIPHERS_CUSTOM": "",
}
