from Zorp.Core import *
from Zorp.Plug import *
from Zorp.Receiver import *
def default_instance():
    Service('dns', PlugProxy, router=DirectedRouter(SockAddrInet('10.0.0.53', 53)))
    Receiver(SockAddrInet('10.0.0.1', 53), 'dns')
