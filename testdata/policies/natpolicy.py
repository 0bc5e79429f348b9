from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.NAT import *
from Zorp.Router import *
from Zorp.Chainer import *
from Zorp.Matcher import *

Zone("internet", addrs=["0.0.0.0/0", "::0/0"])
Zone(name="servers", addrs=("172.16.20.0/24", ), admin_parent="internet")

NATPolicy(name="OneToOne", nat=GeneralNAT(mapping=((InetSubnet("0.0.0.0/0"), InetSubnet("192.0.2.25/32"), InetSubnet("172.16.20.25/32")),)), cacheable=TRUE)
NATPolicy("hide", StaticNAT(addr=SockAddrInetRange("172.16.20.1", 40000, 50000)))
MatcherPolicy(name="demo_blacklist", matcher=RegexpMatcher(match_list=("foobar@example\\.com", ".*@spam\\..*"), ignore_list=None))
MatcherPolicy(name="valid_recipients", matcher=SmtpInvalidRecipientMatcher(server_name="172.16.20.25", server_port=25, cache_timeout=60, attempt_delivery=FALSE, force_delivery_attempt=FALSE, sender_address="<>"))

class ServerRouter(DirectedRouter):
    def __init__(self):
        DirectedRouter.__init__(self, dest_addr=(SockAddrInet("172.16.20.25", 25), SockAddrInet("172.16.20.26", 25)), forge_port=Z_PORT_EXACT, forge_addr=TRUE)

class MySmtp(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.relay_zones = ("servers", )
        self.relay_domains = ("example.com", "example.net")
        self.recipient_matcher = "valid_recipients"
        self.sender_matcher = "demo_blacklist"
        self.add_received_header = TRUE
        self.domain_name = "mx.example.com"

def instance():
    Service(name="smtp", router=ServerRouter(), chainer=FailoverChainer(protocol=ZD_PROTO_TCP, timeout=60), proxy_class=MySmtp, snat_policy="hide", dnat_policy="OneToOne")
    Rule(rule_id=1, proto=6, src_zone=("internet",), dst_port=25, dst_subnet=("192.0.2.25/32",), service="smtp")
