package main

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
)

// peers are the proxies that people use today; none of them logs, as far as they can be told.
var peers = []*proxy{
	{name: "haproxy", lacks: missing("haproxy"), args: haproxy, can: func(s security) bool { return s.client != startTLS }},
	{name: "nginx", lacks: nginxLacks, args: nginx, can: func(s security) bool { return s.server == clear }},
	{name: "postfix", lacks: postfixLacks, args: postfix, adds: true, can: security.inClear},
}

// find is where a server program is: many have no /usr/sbin in their path.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path, _ := exec.LookPath("/usr/sbin/" + name)
	return path
}

func missing(name string) func() string {
	return func() string {
		if find(name) == "" {
			return "not installed"
		}
		return ""
	}
}

// haproxy passes bytes and looks at none; it knows no STARTTLS.
func haproxy(at *place) ([]string, error) {
	file := filepath.Join(at.dir, "haproxy.cfg")
	cache, tickets, reuse := "tune.ssl.cachesize 0", " no-tls-tickets", " no-ssl-reuse"
	if at.resumed {
		cache, tickets, reuse = "", "", ""
	}
	var bind, origin string
	if at.client == implicit {
		bind = " ssl crt BOTH ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256" + tickets
	}
	if at.server == implicit {
		origin = " ssl verify required ca-file CERT verifyhost " + originName + " sni str(" + originName + ")" + reuse
	}
	return []string{find("haproxy"), "-db", "-f", file}, fill(file, at, `global
    maxconn 9000
    `+cache+`
defaults
    mode tcp
    maxconn 9000
    timeout connect 10s
    timeout client 10m
    timeout server 10m
frontend smtp
    bind HOST:LISTEN_PORT`+bind+`
    default_backend origin
backend origin
    server origin HOST:ORIGIN_PORT`+origin+`
`)
}

func nginxLacks() string {
	if find("nginx") == "" {
		return "not installed"
	}
	if mailModule() == "" {
		return "its mail module is not installed"
	}
	return ""
}

func mailModule() string {
	files, _ := filepath.Glob("/usr/lib*/nginx/modules/ngx_mail_module.so")
	if len(files) == 0 {
		return ""
	}
	return files[0]
}

// nginx looks at commands up to a session's first recipient, then passes bytes. It asks itself for the origin, and speaks
// to it in clear alone.
func nginx(at *place) ([]string, error) {
	file := filepath.Join(at.dir, "nginx.conf")
	listen, encryption := "", ""
	if at.client != clear {
		encryption = "ssl_certificate CERT; ssl_certificate_key KEY; ssl_protocols TLSv1.3; ssl_session_cache off;"
	}
	if at.client != clear && !at.resumed {
		encryption += " ssl_session_tickets off; ssl_conf_command NumTickets 0;"
	}
	switch at.client {
	case startTLS:
		encryption += " starttls on;"
	case implicit:
		listen = " ssl"
	}
	return []string{find("nginx"), "-c", file}, fill(file, at, "load_module "+mailModule()+`;
daemon off;
worker_processes auto;
worker_rlimit_nofile 20000;
pid DIR/nginx.pid;
error_log DIR/error.log error;
events { worker_connections 9900; }
mail {
    server_name nginx.bench.example;
    auth_http HOST:SPARE_PORT/auth;
    proxy_pass_error_message on;
    xclient off;
    server {
        listen HOST:LISTEN_PORT`+listen+` backlog=4096;
        `+encryption+`
        protocol smtp;
        smtp_auth none;
        smtp_capabilities PIPELINING 8BITMIME ENHANCEDSTATUSCODES DSN;
        timeout 10m;
        proxy_timeout 10m;
    }
}
http {
    access_log off;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    server {
        listen HOST:SPARE_PORT backlog=4096;
        location = /auth {
            add_header Auth-Status OK;
            add_header Auth-Server HOST;
            add_header Auth-Port ORIGIN_PORT;
            return 200;
        }
    }
}
`)
}

func postfixLacks() string {
	switch {
	case find("postfix") == "":
		return "not installed"
	case os.Geteuid() != 0:
		return "needs root"
	}
	if _, err := user.Lookup("postfix"); err != nil {
		return "has no user here"
	}
	return ""
}

// postfix is its smtpd as a proxy before the queue: it looks at everything, and queues nothing.
func postfix(at *place) ([]string, error) {
	etc := filepath.Join(at.dir, "etc")
	for _, dir := range []string{etc, filepath.Join(at.dir, "data"), filepath.Join(at.dir, "spool")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	owner, err := user.Lookup("postfix")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(owner.Uid)
	if err := os.Chown(filepath.Join(at.dir, "data"), uid, -1); err != nil {
		return nil, err
	}
	if err := fill(filepath.Join(etc, "main.cf"), at, postfixMain); err != nil {
		return nil, err
	}
	return []string{find("postfix"), "-c", etc, "start-fg"}, fill(filepath.Join(etc, "master.cf"), at, postfixMaster)
}

const postfixMain = `compatibility_level = 3.6
queue_directory = DIR/spool
data_directory = DIR/data
myhostname = postfix.bench.example
inet_interfaces = HOST
inet_protocols = ipv4
mynetworks = HOST/32
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
smtpd_recipient_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
message_size_limit = 0
mailbox_size_limit = 0
default_process_limit = 1200
`

const postfixMaster = `HOST:LISTEN_PORT inet n - n - - smtpd
    -o smtpd_proxy_filter=HOST:ORIGIN_PORT
cleanup   unix  n - n - 0 cleanup
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
anvil     unix  - - n - 1 anvil
`
