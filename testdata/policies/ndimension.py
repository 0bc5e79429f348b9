from Zorp.Core import *
from Zorp.Smtp import *
def default_instance():
    Service('smtp', SmtpProxy, router=DirectedRouter(SockAddrInet('10.0.0.25', 25), forge_addr=TRUE))
    NDimensionDispatcher(bindto=DBSockAddr(SockAddrInet('192.0.2.25', 50080), ZD_PROTO_TCP), transparent=TRUE,
        rules=({'dst_port': 25, 'service': 'smtp'}, {'dst_port': "80:90", 'src_zone': ('lan',), 'service': 'web'}))
