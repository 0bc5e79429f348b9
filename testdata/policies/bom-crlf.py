from Zorp.Core import *
from Zorp.Smtp import *

# Szabályok
InetZone("intranet", "10.20.0.0/16", inbound_services=["*"], outbound_services=["smtp_out"])
InetZone("internet", "0.0.0.0/0", inbound_services=["smtp_out"], outbound_services=[])

def zorp_smtp():
	Service("smtp_out", SmtpProxy, router=DirectedRouter(SockAddrInet("192.0.2.25", 25), forge_addr=TRUE))
	Listener(SockAddrInet("10.20.0.1", 25), "smtp_out")
