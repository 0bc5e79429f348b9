############################################################
## policy.py of a small office, in the manner of Zorp 3    ##
############################################################
from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Listener import *

Zorp.firewall_name = 'fw@office'
InetZone("intranet", "10.20.0.0/16",
	inbound_services=["*"],
	outbound_services=["*"])
InetZone("internet", ["0.0.0.0/0"],
	inbound_services=["*"],
	outbound_services=["*"])

class IntraSmtp(SmtpProxy):
	def config(self):
		SmtpProxy.config(self)
		self.relay_zones = ("intranet",)
		self.relay_domains = ("office.example", ".office.example")

def zorp():
	Service("intra_smtp", IntraSmtp, router=DirectedRouter(SockAddrInet("10.20.0.25", 25)))
	Listener(SockAddrInet("10.20.0.1", 25), "intra_smtp", transparent=FALSE)
