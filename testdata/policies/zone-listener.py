from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Listener import ZoneListener, CSZoneListener

InetZone('internet', '0.0.0.0/0')
InetZone('office', '10.20.0.0/16', admin_parent='internet')
InetZone('sales', '10.20.7.0/24', admin_parent='office')
InetZone('dmz', '192.0.2.0/24')

class OfficeSmtp(SmtpProxy):
	"""Office clients send anywhere."""
	def config(self):
		SmtpProxy.config(self)
		self.relay_zones = 'office',

class InternetSmtp(SmtpProxy):
	def config(self):
		SmtpProxy.config(self)
		self.relay_domains = ['office.example']
		self.request["VRFY"] = SMTP_REQ_REJECT
		self.request["ETRN"] = (SMTP_REQ_REJECT, "502", "no")

def mail():
	relay = DirectedRouter(SockAddrInet('192.0.2.26', 25), forge_addr=FALSE)
	Service('office_smtp', OfficeSmtp, router=relay)
	Service('inet_smtp', InternetSmtp, router=relay, max_instances=100)
	ZoneListener(SockAddrInet('192.0.2.25', 25),
		{ 'office'   : 'office_smtp',
		  'internet' : 'inet_smtp' }, follow_parent=TRUE)
	CSZoneListener(bindto=SockAddrInet('10.20.0.1', 25),
		services={ ('office', '*') : 'office_smtp' }, follow_parent=TRUE)
