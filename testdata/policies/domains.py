from Zorp.Core import *
from Zorp.Domain import *
from Zorp.Smtp import *

Inet6Zone("six", "fd00:20::/64")
InetZone("four", addr=["10.20.0.0/16"])
servers = [("smtp_a", "10.20.0.25"), ("smtp_b", "10.20.0.26")]

def mail():
	for name, address in servers:
		Service(name, SmtpProxy, router=DirectedRouter(SockAddrInet(address, 25), forge_addr=TRUE))
	Rule(service=servers[0][0], dst_port=25, src_subnet=InetDomain("10.20.0.0/16"), dst_subnet=InetDomain("192.0.2.25/32"))
	for i in xrange(len(servers)):
		(name, address) = servers[i]
		Rule(service=name, dst_port=2525 + i, src_zone=["four"], dst_subnet="192.0.2.25")
