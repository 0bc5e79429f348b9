from Zorp.Core import *
from Zorp.Smtp import *
def default_instance():
    Service(name='smtp', router=DirectedRouter(dest_addr=(SockAddrInet('10.0.0.25', 25),), forge_addr=TRUE), chainer=ConnectChainer(timeout_connect=3000), proxy_class=SmtpProxy)
    Dispatcher(transparent=FALSE, bindto=DBSockAddr(protocol=ZD_PROTO_TCP, sa=SockAddrInet('192.0.2.25', 25)), service='smtp')
    Dispatcher(bindto=DBIface('dmz0', 2525, AF_INET, ZD_PROTO_TCP), service='smtp')
