from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Plug import *
Zone(name="internet", addrs=['0.0.0.0/0', '::0/0'])
Zone(name='clients', addrs=['172.16.10.0/23', ])
Zone(name="servers", addrs=['172.16.20.0/23', ])
def default() :
    Service(name='service_smtp', proxy_class=SmtpProxy, router=TransparentRouter(), chainer=ConnectChainer())
    Rule(service='service_smtp', dst_port=[25, 587], src_zone=('clients'), dst_zone=('servers', 'internet'))
    DenyService(name='deny', ipv4_setting=DenyIPv4.DROP, logging=TRUE)
    Rule(service='deny', src_zone='internet', proto=(socket.IPPROTO_TCP,))
    Service(name="plug", proxy_class=PlugProxy, router=InbandRouter(forge_port=TRUE, forge_addr=TRUE), encryption_policy=None)
    Rule(service='plug', dst_port=PortRange(1024, 1030), detect=(('ssh', 'plug'),))
