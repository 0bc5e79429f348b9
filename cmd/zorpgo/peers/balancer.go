package peers

import (
	"path/filepath"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// The load balancers that announce their clients.
const (
	haproxy     = unpacked + "/haproxy/usr/sbin/haproxy"
	nginx       = unpacked + "/nginx/usr/sbin/nginx"
	nginxStream = unpacked + "/libnginx-mod-stream/usr/lib/nginx/modules/ngx_stream_module.so"
)

const haproxyConfig = `
defaults
	mode tcp
	timeout connect 10s
	timeout client 30s
	timeout server 30s
listen mail4
	bind 172.16.40.10:25
	server firewall 172.16.40.1:25 `
const haproxyConfig6 = `
listen mail6
	bind fd00:40::10:25
	server firewall 172.16.40.1:25 `

// StartHAProxy starts HAProxy on the client's host, before the firewall: for IPv6, too, though the firewall is asked in
// IPv4. Options are those of its server lines.
func StartHAProxy(t testing.TB, l *lab.Lab, options string) *lab.Process {
	t.Helper()
	program, err := filepath.Abs(haproxy)
	must(t, err)
	config := l.File("haproxy.cfg", haproxyConfig+options+"\n"+haproxyConfig6+options+"\n")
	p := l.Client.Start(lab.Command{Args: []string{program, "-db", "-f", config}, Apart: true})
	return p
}

const nginxConfig = `
daemon off;
events {}
pid nginx.pid;
stream {
	server {
		listen 172.16.40.10:25;
		proxy_pass 172.16.40.1:25;
		proxy_protocol on;
	}
}
`

// StartNginx starts nginx in the same place.
func StartNginx(t testing.TB, l *lab.Lab) *lab.Process {
	t.Helper()
	program, err := filepath.Abs(nginx)
	must(t, err)
	module, err := filepath.Abs(nginxStream)
	must(t, err)
	config := l.File("nginx.conf", "load_module "+module+";\n"+nginxConfig)
	p := l.Client.Start(lab.Command{Args: []string{program, "-e", "stderr", "-p", l.Dir(), "-c", config}, Apart: true})
	return p
}
