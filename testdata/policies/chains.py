from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Detector import *
class Filter(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.stack_proxy = (Z_STACK_PROXY, SmtpProxy)
class Tls(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.ssl.client_connection_security = SSL_ACCEPT_STARTTLS
        self.ssl.client_keypair_files = ("/etc/key.d/mail/cert.pem", "/etc/key.d/mail/key.pem")
DetectorPolicy("ssh", SshDetector())
def zorp():
    Service("a", SmtpProxy, chainer=SideStackChainer(Filter), router=DirectedRouter(SockAddrInet("10.0.0.25", 25)))
    Service("b", Tls, router=DirectedRouter(SockAddrInet("10.0.0.25", 25)))
    RuleDispatcher()
    Rule(service="a", dst_port=25, dst_subnet="10.0.0.1", detect=[("ssh", "b")])
