from Zorp.Core import *
from Zorp.Smtp import SmtpProxy
import Zorp.Plug

class Sessions(SmtpProxy):
    count = 0
    def config(self):
        SmtpProxy.config(self)
        self.relay_domains = ("." + "example.com", "example.com")
        self.relay_zones = ["lan"] if TRUE else []
    def startUp(self):
        self.count += 1
        print("session", self.count)
        if isinstance(self.session.client_address, SockAddrInet):
            self.permit_unknown_command = False

def init(name, virtual_name, is_master): pass
def one():
    Zone("lan", addrs=["10.0.0.0/8"])
    Service("s", Sessions, router=DirectedRouter(dest_addr=[SockAddrInet("192.0.2.1", 25)], forge_addr=True))
    Rule(service="s", dst_subnet=["192.0.2.9"], dst_port=25, src_zone="lan")
    Service("p", Zorp.Plug.PlugProxy, router=DirectedRouter(SockAddrInet("192.0.2.1", 143), forge_addr=True))
    Rule(service="p", dst_subnet=["192.0.2.9"], dst_port=143, src_zone="lan")

Sessions.count = 5
