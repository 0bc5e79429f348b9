from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Matcher import AbstractMatcher, RegexpMatcher
import re, socket, time
PATTERN = re.compile(r"""
    ^ [a-z0-9._-]+   # local part
    @ example \. com $
""", re.VERBOSE | re.I)
BLOCKED = {"spam@example.com": "no spam", "bob@example.com": "left"}
class Weekday(AbstractMatcher):
    def checkMatch(self, str):
        return time.localtime()[6] in (5, 6)
class Known(AbstractMatcher):
    def __init__(self, table={}):
        AbstractMatcher.__init__(self)
        self.table = table
    def checkMatch(self, str):
        if self.table.has_key(str):
            return 1
        return PATTERN.match(str) is None
MatcherPolicy("known", Known(BLOCKED))
class Proxy(SmtpProxy):
    recipient_matcher = "known"
    def config(self):
        SmtpProxy.config(self)
        self.request["MAIL"] = (SMTP_REQ_POLICY, self.mailfrom)
        self.request["EXPN"] = SMTP_REQ_REJECT, "550", "%s" % ("no",)
    def mailfrom(self, cmd, arg):
        m = re.search("<(?P<who>[^>]*)>", arg)
        if m and m.group("who") in BLOCKED.keys():
            self.error_code = "550"
            self.error_info = "%(why)s" % {"why": BLOCKED[m.group("who")]}
            return SMTP_REQ_REJECT
        return SMTP_REQ_ACCEPT
def zorp():
    Service("smtp", Proxy, router=DirectedRouter(SockAddrInet("10.0.0.25", 25), forge_addr=TRUE))
    Dispatcher(bindto=DBSockAddr(SockAddrInet("10.0.0.1", 25), ZD_PROTO_TCP), service="smtp", transparent=FALSE, backlog=255)
