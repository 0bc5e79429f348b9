from Zorp.Core import *
from Zorp.Http import *
from Zorp.Smtp import *
class Secure(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.ssl.client_connection_security = SSL_FORCE_SSL
class Web(HttpProxy):
    def config(self):
        HttpProxy.config(self)
        self.request_header["User-Agent"] = (HTTP_HDR_CHANGE_VALUE, "x")
def default_instance():
    Service('smtp', Secure, router=DirectedRouter(SockAddrInet('10.0.0.25', 25), forge_addr=TRUE))
    Service('web', Web)
    PFService('ping')
    Rule(service='smtp', dst_port=25, dst_subnet='192.0.2.25')
    Rule(service='web', dst_port=80, dst_subnet='192.0.2.25')
