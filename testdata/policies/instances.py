from Zorp.Core import *
from Zorp.Smtp import *

Zone("lan", addrs=["10.0.0.0/8"])

class In(SmtpProxy):
    def config(self):
        super(In, self).config()
        self.relay_domains = ("office.example",)

class Out(In):
    def config(self):
        super(Out, self).config()
        self.relay_zones = ("lan",)
        self.timeout = 10L * 60 * 1000

def default_instance():
    smtp_in()

def smtp_in():
    Service("in", In, DirectedRouter(SockAddrInet("10.0.0.25", 25)))
    Rule(service="in", proto=socket.IPPROTO_TCP, dst_port=25, dst_subnet="192.0.2.25/32")

def smtp_out():
    Service("out", Out, DirectedRouter(SockAddrInet("10.0.0.26", 25)))
    Rule(rule_id=1, service="out", dst_port=587, dst_subnet=InetSubnet("10.0.0.1"), src_zone="lan")
