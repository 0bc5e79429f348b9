from Zorp.Core import *
from Zorp.Smtp import *
import os, socket
class Hosts(SmtpProxy):
	def config(self):
		SmtpProxy.config(self)
		try:
			self.relay_domains = open('/etc/mail/relay-domains').read().split()
		except IOError, e:
			print >>sys.stderr, e
		while len(self.relay_domains) > 10:
			del self.relay_domains[0]
def default_instance():
	Service('smtp', Hosts, router=DirectedRouter(SockAddrInet('10.0.0.25', 25)))
	Rule(service='smtp', dst_port=25, dst_subnet='192.0.2.25')
