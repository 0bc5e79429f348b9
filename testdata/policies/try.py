from Zorp.Core import *
from Zorp.Smtp import *
class Checked(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.request["RCPT"] = (SMTP_REQ_POLICY, self.rcpt)
    def rcpt(self, command, parameter):
        try:
            address = parameter.split(":", 1)[1]
        except IndexError:
            return SMTP_REQ_ABORT
        while address.startswith(" "):
            address = address[1:]
        if address <> "<>":
            raise Exception, "bad address"
        exec "print address"
        return SMTP_REQ_ACCEPT
def default_instance():
    Service("a", Checked, DirectedRouter(SockAddrInet("10.0.0.25", 25), TRUE))
    Rule(service="a", dst_port=25, dst_subnet="10.0.0.1")
