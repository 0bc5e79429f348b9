from Zorp.Core import *
from Zorp.Smtp import *
Zone('internet', ['0.0.0.0/0', '::/0'])
Zone('bad', ['198.51.100.0/24'], admin_parent='internet')

def default_instance():
    Service('smtp', SmtpProxy, router=DirectedRouter(SockAddrInet('10.0.0.25', 25), forge_addr=TRUE))
    DenyService('blocked', ipv4_setting=DenyIPv4.TCP_RESET)
    Rule(service='smtp', dst_port=25, src_zone=('internet'), dst_subnet=('192.0.2.25'))
    Rule(service='blocked', dst_port=25, src_zone=('bad'), dst_subnet=('192.0.2.25'))
