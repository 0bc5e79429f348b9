# Python 2 through and through
from Zorp.Core import *
from Zorp.Smtp import *
import string, re

DOMAINS = "a.example b.example c.example"
blocked = {"evil.example": 1, "spam.example": 1}
print "loading", len(string.split(DOMAINS)), "domains"

class Filter(SmtpProxy):
	attempts = 0
	words = re.compile("(viagra|casino)[0-9]*@", re.IGNORECASE)

	def config(self):
		SmtpProxy.config(self)
		self.relay_domains = string.split(DOMAINS)
		self.request["MAIL"] = (SMTP_REQ_POLICY, self.checkMail)
		if blocked.has_key("evil.example") and not blocked.has_key("good.example"):
			print "blocking %d domains: %-15s" % (len(blocked), string.join(blocked.keys(), ","))

	def checkMail(self, command, param):
		m = re.search("<[^@]*@([^>]+)>", param)
		if m is not None and blocked.has_key(string.lower(m.group(1))) or self.words.search(param):
			self.error_code = "550"
			self.error_info = "Sender " "refused"
			return SMTP_REQ_REJECT
		return SMTP_REQ_ACCEPT

def smtp_instance():
	Service(name="filter", proxy_class=Filter,
		router=DirectedRouter(dest_addr=SockAddrInet("192.0.2.26", 25)))
	Rule(service="filter", dst_port=25, dst_subnet=("192.0.2.25",))
