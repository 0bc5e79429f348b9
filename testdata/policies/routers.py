from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Router import *
InetZone("internet", ["0.0.0.0/0"])
InetZone("branch", ["10.7.0.0/16"], admin_parent="internet")
class Fixed(DirectedRouter):
	def __init__(self, host):
		DirectedRouter.__init__(self, SockAddrInet(host, 25), forge_addr=TRUE)
class ByZone(AbstractRouter):
	def __init__(self, forge_addr=TRUE):
		AbstractRouter.__init__(self, forge_addr, Z_PORT_ANY)
	def routeConnection(self, session):
		if session.client_zone.getName() == "branch":
			session.setServer(SockAddrInet("10.0.0.25", 25))
		else:
			session.setServer([SockAddrInet("10.0.0.26", 25), SockAddrInet("10.0.0.27", 25)])
def mail():
	Service("fixed", SmtpProxy, router=Fixed("10.0.0.28"))
	Service("zoned", SmtpProxy, router=ByZone(), chainer=FailoverChainer())
	NDimensionDispatcher(bindto=(SockAddrInet("10.0.0.1", 25),), transparent=FALSE, rules=(
		{'src_zone': ('branch', 'internet'), 'service': 'zoned'},
		{'src_subnet': '192.0.2.0/24', 'service': 'fixed'}))
