package encryption

import (
	"crypto/tls"
	"fmt"
	"math"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
)

// clientSettings and serverSettings are options of one side.
type (
	clientSettings struct{ encryption.Options }
	serverSettings struct{ encryption.Options }
)

// defaults are the options of a side that says nothing.
var defaults = encryption.Options{Lifetime: 300 * time.Second}

var (
	method = word.Param{Name: "method", Type: word.Text, Default: "SSL_METHOD_ALL", Doc: "no effect, as in Zorp: the versions are said by disable_tlsv1 and the like"}
	cipher = word.Param{Name: "cipher", Type: word.ListOf(word.Any, "a cipher list"), Default: "SSL_CIPHERS_HIGH",
		Doc: "an OpenSSL cipher list for TLS 1.2 and below, such as \"ECDHE+AESGCM:!SHA1\", or a pair whose second item is the list. What is not built in is refused; its order has no effect, the better cipher wins"}
	timeout  = word.Param{Name: "timeout", Type: word.Integer, Default: "300", Doc: "for how many seconds a session may be resumed, after a reload as well; 0: not at all"}
	sslv2    = off("disable_sslv2", "TRUE", "no effect: there is no SSL 2")
	sslv3    = off("disable_sslv3", "TRUE", "no effect: there is no SSL 3")
	tlsv1    = off("disable_tlsv1", "TRUE", "not as in Zorp, TLS 1.0 is off; FALSE allows it, which needs 1.1 as well")
	tlsv11   = off("disable_tlsv1_1", "TRUE", "not as in Zorp, TLS 1.1 is off; FALSE allows it")
	tlsv12   = off("disable_tlsv1_2", "FALSE", "TRUE leaves TLS 1.3 alone")
	compress = off("disable_compression", "FALSE", "no effect: nothing is compressed")
)

func off(name, otherwise, doc string) word.Param {
	return word.Param{Name: name, Type: word.Boolean, Default: otherwise, Doc: doc}
}

var cipherNames = strings.Join(encryption.CipherNames(), ", ")

const versionErrors = "a version between two that are allowed which is not"

var optionWords = []*word.Word{
	{
		Name: "ClientSSLOptions", Module: module, Declares: true,
		Doc:     "Are the options of TLS with clients. TLS 1.2 and 1.3 are spoken unless they say otherwise. The ciphers of TLS 1.2 are " + cipherNames + "; those of TLS 1.3 cannot be chosen.",
		Example: "ClientSSLOptions(cipher=\"ECDHE+AESGCM\", timeout=3600)",
		Errors:  []string{"a cipher that is not built in", versionErrors},
		Params: []word.Param{method, cipher, off("cipher_server_preference", "FALSE", "no effect: the better cipher that both have is taken"), timeout, sslv2, sslv3, tlsv1, tlsv11, tlsv12, compress,
			{Name: "dh_params", Type: word.Type{Want: "DHParam(...) or a text", Accepts: isDHParam}, Default: "None", Doc: "no effect: of Diffie-Hellman there are the elliptic curves only"},
			off("disable_renegotiation", "TRUE", "no effect: clients can never renegotiate")},
		Make: func(c *word.Call) starlark.Value {
			if o, ok := optionsOf(c); ok {
				return word.NewValue(c, "options of TLS with clients", clientSettings{o})
			}
			return interp.Poison{}
		},
	},
	{
		Name: "ServerSSLOptions", Module: module, Declares: true,
		Doc:     "Are the options of TLS with servers. TLS 1.2 and 1.3 are spoken unless they say otherwise. The ciphers are those of ClientSSLOptions.",
		Example: "ServerSSLOptions(disable_tlsv1_2=TRUE)",
		Errors:  []string{"a cipher that is not built in", versionErrors},
		Params:  []word.Param{method, cipher, timeout, sslv2, sslv3, tlsv1, tlsv11, tlsv12, compress},
		Make: func(c *word.Call) starlark.Value {
			if o, ok := optionsOf(c); ok {
				return word.NewValue(c, "options of TLS with servers", serverSettings{o})
			}
			return interp.Poison{}
		},
	},
}

func isDHParam(v starlark.Value) bool {
	_, made := v.(*word.Value[dhParam])
	return made || word.Text.Accepts(v)
}

// vain are the parameters of which only one value says what is the case anyway.
var vain = []struct{ name, why string }{
	{"method", ""}, {"disable_sslv2", "TRUE"}, {"disable_sslv3", "TRUE"}, {"disable_compression", "TRUE"}, {"disable_renegotiation", "TRUE"},
	{"cipher_server_preference", ""}, {"dh_params", ""},
}

func optionsOf(c *word.Call) (encryption.Options, bool) {
	o := defaults
	o.Lifetime = time.Duration(c.Int("timeout", 0, math.MaxInt32, 300)) * time.Second
	o.MinVersion = oldest(c)
	o.Ciphers = ciphers(c)
	for _, p := range vain {
		v := c.Given(p.name)
		on, _ := word.AsBool(orFalse(v))
		if v != nil && !(on && p.why == "TRUE") && !(p.name == "method" && c.Text("method") == texts["SSL_METHOD_ALL"]) {
			c.Draft.Note(c.At(p.name), "no-effect", fmt.Sprintf("%s: %s has no effect", c.Name(), p.name), "leave it out; zorpgo doc "+c.Name()+" says why")
		}
	}
	return o, !c.Bad
}

func orFalse(v starlark.Value) starlark.Value {
	if v == nil {
		return starlark.False
	}
	return v
}

// oldest is the oldest version that is spoken; above it there is no gap.
func oldest(c *word.Call) uint16 {
	tls10 := c.Given("disable_tlsv1") != nil && !c.Bool("disable_tlsv1")
	tls11 := c.Given("disable_tlsv1_1") != nil && !c.Bool("disable_tlsv1_1")
	tls12 := !c.Bool("disable_tlsv1_2")
	switch {
	case tls10 && !tls11:
		c.Problem("disable_tlsv1", "bad-tls-version", "TLS 1.0 is allowed and TLS 1.1 is not", "write disable_tlsv1_1=FALSE as well")
	case (tls10 || tls11) && !tls12:
		c.Problem("disable_tlsv1_2", "bad-tls-version", "older versions are allowed and TLS 1.2 is not", "leave disable_tlsv1_2 out")
	case tls10:
		return old(c, "disable_tlsv1", "TLS 1.0 and 1.1", tls.VersionTLS10)
	case tls11:
		return old(c, "disable_tlsv1_1", "TLS 1.1", tls.VersionTLS11)
	case !tls12:
		return tls.VersionTLS13
	}
	return 0
}

func old(c *word.Call, param, what string, version uint16) uint16 {
	c.Warn(param, "old-tls", "with "+what+" hashes are allowed that are broken (RFC 8996)", "leave "+param+" out, unless a peer has nothing better")
	return version
}

func ciphers(c *word.Call) []uint16 {
	v := c.Given("cipher")
	if pair, ok := v.(starlark.Indexable); ok && !word.Text.Accepts(v) && pair.Len() == 2 {
		v = pair.Index(1)
	}
	if v == nil {
		return nil
	}
	text, ok := starlark.AsString(v)
	if !ok {
		c.Problem("cipher", "wrong-type", "for parameter cipher: got "+word.TypeName(v), `write an OpenSSL cipher list, such as SSL_CIPHERS_HIGH`)
		return nil
	}
	if text == texts["SSL_CIPHERS_HIGH"] {
		return nil
	}
	ids, err := encryption.Ciphers(text)
	if err != nil {
		c.Problem("cipher", "bad-cipher", err.Error(), "write HIGH, ECDHE+AESGCM or names such as ECDHE-RSA-AES128-GCM-SHA256; zorpgo doc ClientSSLOptions lists them")
	}
	return ids
}
