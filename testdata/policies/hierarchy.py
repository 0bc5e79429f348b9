#!/usr/bin/env python
# -*- coding: iso-8859-2 -*-
import string, re
from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Plug import *
from Zorp.Zorp import log

config.options.language = "en"
InetZone("internet", ["0.0.0.0/0"])
InetZone("company", ["10.0.0.0/8"], admin_parent="internet")
InetZone("company.dmz", ["10.9.0.0/24"], admin_parent="company")
InetZone("company.lan", ["10.1.0.0/16", "10.2.0.0/16"], admin_parent="company")

DOMAINS = string.split("example.com example.net")

class CompanySmtp(AbstractSmtpProxy):
    """Mail from outside."""
    domains = DOMAINS
    def config(self):
        AbstractSmtpProxy.config(self)
        self.error_info = "Mail refused, call %s" % "postmaster"
        self.request["*"] = (SMTP_REQ_REJECT, "502", "Command not implemented")
        for verb in ["HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "NOOP"]:
            self.request[verb] = (SMTP_REQ_ACCEPT)
        self.request["RCPT"] = (SMTP_REQ_POLICY, self.checkRcpt)
        self.response["MAIL", "250"] = SMTP_RSP_ACCEPT
        self.extensions["*"] = SMTP_EXT_DROP
        self.extensions["PIPELINING"] = SMTP_EXT_ACCEPT
        self.max_request_length = 512
        self.timeout = 600000
    def checkRcpt(self, command, param):
        address = param[param.find("<") + 1:param.rfind(">")].lower()
        local, domain = address.split("@")
        print "recipient %s in %s" % (local, domain)
        log("smtp.rcpt", 3, "recipient %s", (address,))
        if not domain in self.domains:
            self.error_info = "no such domain"
            return SMTP_REQ_REJECT
        return SMTP_REQ_ACCEPT

class LanSmtp(CompanySmtp):
    def config(self):
        super(LanSmtp, self).config()
        self.relay_zones = ["company"]

def company():
    Service("smtp_in", CompanySmtp, router=DirectedRouter(SockAddrInet("10.9.0.25", 25)))
    Service("smtp_lan", LanSmtp, router=DirectedRouter(SockAddrInet("10.9.0.25", 25)))
    Service("imaps", PlugProxy, router=DirectedRouter(SockAddrInet("10.9.0.25", 993)), max_instances=50)
    ZoneListener(SockAddrInet("10.0.0.1", 25), {"internet": "smtp_in", "company": "smtp_lan"}, follow_parent=TRUE)
    Listener(SockAddrInet("10.0.0.1", 993), "imaps")
