package core

import (
	"maps"
	"strings"
)

// NotBuilt are the names of Zorp's modules that are not built, each with what to do instead ("" is nothing to say).
// They are known without import: whatever module brings a name, its use is refused in the same way.
func NotBuilt() map[string]string {
	names := map[string]string{}
	for way, list := range notBuilt {
		for name := range strings.FieldsSeq(list) {
			names[name] = way
		}
	}
	return names
}

// ModulesNotBuilt are the modules of Zorp that are not built.
func ModulesNotBuilt() map[string]string {
	modules := map[string]string{}
	for module := range strings.FieldsSeq("AnyPy Http Ftp Pop3 Telnet Whois Finger Auth AuthDB Keybridge Resolver Stack " +
		"Detector Exceptions Receiver Pssl Notification Imap Nntp Ldap Lp Radius Rsh Sip Socks Sqlnet Ssh Tftp Vnc Msrpc Mime Detect") {
		modules["Zorp."+module] = ""
	}
	maps.Copy(modules, map[string]string{
		"Zorp.Pssl": "it is no longer part of Zorp",
	})
	return modules
}

const (
	asRule     = "write a Rule with dst_port and dst_subnet"
	noUDP      = "leave it out: only TCP is served"
	asChainer  = "leave chainer out, or use RoundRobinChainer or FailoverChainer; what a second proxy would check goes into methods of the first one's class"
	asMatcher  = "use DNSMatcher with the names of the hosts"
	noBridge   = "use StaticCertificate or SNIBasedCertificate: certificates are not made on the way"
	noAuth     = "leave it out: the proxy passes AUTH to the server"
	classes    = "SmtpProxy and PlugProxy are the proxy classes that are built"
	noRaise    = "call fail(text) to refuse"
	nothingYet = ""
)

// notBuilt are the names of Zorp's modules that are not built, by what to write instead.
var notBuilt = map[string]string{
	"leave it to nftables": "PFService",
	asRule:                 "RuleDispatcher",
	noUDP:                  "Receiver ZoneReceiver CSZoneReceiver NDimensionReceiver",
	asChainer:              "SideStackChainer AbstractChainer",
	asMatcher:              "WindowsUpdateMatcher",
	noBridge:               "DynamicCertificate X509KeyBridge",
	noAuth: "InbandAuthentication ServerAuthentication AuthCache AuthPolicy AuthenticationPolicy AuthenticationProvider " +
		"AbstractAuthentication AbstractAuthenticationBackend",
	classes: "Proxy AbstractAnyPyProxy AnyPyProxy AbstractHttpProxy HttpProxy HttpProxyTransparent " +
		"HttpProxyNonTransparent HttpProxyURIFilter HttpProxyURIFilterNonTransparent HttpWebdavProxy NontransHttpWebdavProxy " +
		"AbstractFtpProxy FtpProxy FtpProxyRO FtpProxyRW FtpProxyAnonRO FtpProxyAnonRW FtpProxyMinimal AbstractPop3Proxy Pop3Proxy " +
		"AbstractTelnetProxy TelnetProxy TelnetProxyStrict TelnetProxyNonTransparent AbstractWhoisProxy WhoisProxy " +
		"AbstractFingerProxy FingerProxy",
	"write SockAddrInet(ip, 0): the kernel chooses the port":           "SockAddrInetRange",
	"leave it out, and write one Rule with dst_port for each protocol": "DetectorPolicy AbstractDetector HttpDetector CertDetector SshDetector SniDetector DetectResult",
	nothingYet: "StackingProvider RemoteStackingBackend AbstractResolver ConnectionVerdict " +
		"ZEndpoint streamPair quit isInitialPolicyLoad init deinit purge cleanup notify new",
	noRaise: "ZoneException ServiceException DACException MACException AAException AuthException LimitException InternalException " +
		"UserException LicenseException MatcherException ConfigException",
}
