package encryption

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// cipherSuite is a suite of TLS 1.2 and below, with OpenSSL's name and the words of cipher lists that mean it.
type cipherSuite struct {
	id    uint16
	name  string
	words string
}

// cipherSuites are those that this engine has, the better first. The order has no effect: TLS chooses by itself.
var cipherSuites = []cipherSuite{
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", "HIGH TLSv1.2 ECDHE EECDH kECDHE aECDSA ECDSA AES AES256 AESGCM SHA384"},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", "HIGH TLSv1.2 ECDHE EECDH kECDHE aRSA RSA AES AES256 AESGCM SHA384"},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", "HIGH TLSv1.2 ECDHE EECDH kECDHE aECDSA ECDSA CHACHA20"},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", "HIGH TLSv1.2 ECDHE EECDH kECDHE aRSA RSA CHACHA20"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", "HIGH TLSv1.2 ECDHE EECDH kECDHE aECDSA ECDSA AES AES128 AESGCM SHA256"},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", "HIGH TLSv1.2 ECDHE EECDH kECDHE aRSA RSA AES AES128 AESGCM SHA256"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA", "HIGH TLSv1 ECDHE EECDH kECDHE aECDSA ECDSA AES AES256 SHA SHA1"},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "ECDHE-RSA-AES256-SHA", "HIGH TLSv1 ECDHE EECDH kECDHE aRSA RSA AES AES256 SHA SHA1"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES128-SHA", "HIGH TLSv1 ECDHE EECDH kECDHE aECDSA ECDSA AES AES128 SHA SHA1"},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES128-SHA", "HIGH TLSv1 ECDHE EECDH kECDHE aRSA RSA AES AES128 SHA SHA1"},
}

// absent are words for suites that this engine never has: to exclude them says nothing.
var absent = strings.Fields("aNULL eNULL NULL ADH AECDH aDH EXP EXPORT EXPORT40 EXPORT56 LOW MEDIUM MD5 RC4 RC2 IDEA SEED DES 3DES DSS aDSS kDSS " +
	"PSK kPSK aPSK SRP kSRP aSRP CAMELLIA CAMELLIA128 CAMELLIA256 ARIA ARIA128 ARIA256 DH DHE EDH kDHE kEDH kDH kDHr kDHd kRSA ECDH kECDH kECDHr kECDHe aECDH " +
	"SSLv2 SSLv3 KRB5 kKRB5 aGOST GOST AESCCM AESCCM8 CBC")

// Ciphers reads an OpenSSL cipher list. The suites of TLS 1.3 are not of it: they cannot be chosen.
func Ciphers(list string) ([]uint16, error) {
	var chosen []uint16
	barred := map[uint16]bool{}
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(":, ;", r) }) {
		switch word := strings.TrimLeft(item, "!-+"); {
		case strings.HasPrefix(item, "@"), item[0] == '+': // the order, which has no effect
		case item[0] == '!', item[0] == '-':
			suites, err := meant(word)
			if err != nil {
				return nil, err
			}
			for _, id := range suites {
				barred[id] = barred[id] || item[0] == '!'
				chosen = slices.DeleteFunc(chosen, func(c uint16) bool { return c == id })
			}
		default:
			suites, err := meant(word)
			if err == nil && len(suites) == 0 && !slices.Contains([]string{"MEDIUM", "LOW", "EXPORT"}, word) {
				err = fmt.Errorf("there is no cipher %s", word)
			}
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, suites...)
		}
	}
	chosen = slices.DeleteFunc(chosen, func(id uint16) bool { return barred[id] })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("the list %q leaves no cipher", list)
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

// meant are the suites that a word of a list means; several words may be joined with +.
func meant(word string) (ids []uint16, err error) {
	for part := range strings.SplitSeq(word, "+") {
		if !knownWord(part) {
			return nil, fmt.Errorf("there is no cipher %s", part)
		}
	}
	for _, s := range cipherSuites {
		if s.is(word) {
			ids = append(ids, s.id)
		}
	}
	return ids, nil
}

func (s *cipherSuite) is(word string) bool {
	for part := range strings.SplitSeq(word, "+") {
		if part != "ALL" && part != "DEFAULT" && part != s.name && !slices.Contains(strings.Fields(s.words), part) {
			return false
		}
	}
	return true
}

func knownWord(word string) bool {
	return word == "ALL" || word == "DEFAULT" || slices.Contains(absent, word) ||
		slices.ContainsFunc(cipherSuites, func(s cipherSuite) bool { return s.is(word) })
}

// CipherNames lists the names of suites that lists may have.
func CipherNames() (names []string) {
	for _, s := range cipherSuites {
		names = append(names, s.name)
	}
	return names
}
