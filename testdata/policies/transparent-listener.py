from Zorp.Core import *
from Zorp.Smtp import *
def default_instance():
    Service('smtp', SmtpProxy, router=TransparentRouter(forge_addr=TRUE))
    Listener(SockAddrInet('192.0.2.25', 50025), 'smtp', transparent=TRUE, rule_port='25')
