from Zorp.Core import *
from Zorp.Smtp import *
import time, socket

class WorkingHours(SmtpProxy):
	def config(self):
		SmtpProxy.config(self)
		self.relay_domains = ("office.example",)
		(year, month, day, hour, minute) = time.localtime(time.time())[:5]
		if not (8 <= hour < 18):
			self.request["MAIL"] = (SMTP_REQ_REJECT, "450", "Closed, come back after %02d:%02d" % (8, 0))
		mx = socket.gethostbyname("mail.example.com")
		if mx <> "192.0.2.25":
			log(None, CORE_POLICY, 3, "mail.example.com moved to %s", (mx,))

def zorp_mail():
	Service("smtp", WorkingHours, router=DirectedRouter(SockAddrInetHostname("mail.example.com", 25), forge_addr=TRUE))
	Rule(service="smtp", dst_port=PortRange(25, 26), dst_subnet=["192.0.2.1"])
