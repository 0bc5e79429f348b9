from Zorp.Core import *
from Zorp.Smtp import *
# Tartalomszûrés központi szabályai
Zone("dmz", ["172.16.40.0/24"])
def mail():
    Service(name="in", proxy_class=SmtpProxy, router=DirectedRouter(dest_addr=SockAddrInet("172.16.20.254", 25), forge_addr=TRUE))
    Rule(service="in", dst_port=25, src_zone=("dmz",), dst_subnet=("172.16.40.1",))
