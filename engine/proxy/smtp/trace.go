package smtp

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Trace is what a Received line says beside what the session knows, and where that comes from.
type Trace struct {
	DomainName           string // domain_name: our own name; "" is not set
	AutodetectDomainFrom string // autodetect_domain_from: "mailname", "fqdn", or "" for neither
	Detected             string // what autodetect_domain_from found
	ResolveHost          bool   // resolve_host: name the client's host too

	LookupAddr func(ctx context.Context, addr string) ([]string, error)     // the system's resolver if nil
	LookupHost func(ctx context.Context, host string) ([]netip.Addr, error) // the system's resolver if nil
	Now        func() time.Time                                             // time.Now if nil
}

const (
	lookupTime  = 3 * time.Second // for the name of the client's host
	traceColumn = 78              // RFC 5322 §2.1.1
	nobody      = "unknown"       // Zorp's word for a name that is not known
)

// TraceLine words the Received line of a message (RFC 5321 §4.4), without the field's name. It may wait for the name
// of the client's host.
func (v *View) TraceLine() string {
	t := &v.Settings.Trace
	now := time.Now
	if t.Now != nil {
		now = t.Now
	}
	from := []string{"from " + foreignName(v.HeloString)}
	if client := v.client(t); client != "" {
		from = append(from, client)
	}
	by := []string{"by " + cmp.Or(t.DomainName, t.Detected, nobody), "with " + v.with(), "id " + traceID(v.Session.ID) + ";"}
	return fold(from, by, []string{now().Format("Mon, 02 Jan 2006 15:04:05 -0700")})
}

// client is what is known of the client itself (RFC 5321 §4.4, TCP-info).
func (v *View) client(t *Trace) string {
	addr := v.Session.Client.Addr().Unmap().WithZone("")
	if !addr.IsValid() {
		return ""
	}
	literal := "[" + addr.String() + "]"
	if addr.Is6() {
		literal = "[IPv6:" + addr.String() + "]"
	}
	if name := t.hostName(addr); name != "" {
		literal = name + " " + literal
	}
	return "(" + literal + ")"
}

// hostName is the name that the DNS has for an address; "" if it has none that is one, or not in time.
func (t *Trace) hostName(addr netip.Addr) string {
	if !t.ResolveHost {
		return ""
	}
	lookup := t.LookupAddr
	if lookup == nil {
		lookup = net.DefaultResolver.LookupAddr
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	names, err := lookup(ctx, addr.String())
	if err != nil || len(names) == 0 {
		return ""
	}
	name := strings.TrimSuffix(names[0], ".")
	if !isASCII(name) || domainLen([]byte(name), false) != len(name) {
		return ""
	}
	return name
}

// with is the protocol as RFC 3848 and RFC 6531 §4.3 name it.
func (v *View) with() string {
	if v.Protocol != "ESMTP" {
		return "SMTP"
	}
	name := v.Protocol
	if v.UTF8 {
		name = "UTF8SMTP"
	}
	if v.Session.ClientTLS != nil {
		name += "S"
	}
	if v.LoggedIn {
		name += "A"
	}
	return name
}

// foreignName is a name that the client gave, such that it cannot end a comment, a clause or a line.
func foreignName(name string) string {
	if name == "" {
		return nobody
	}
	if name[0] == '[' && literalLen([]byte(name)) == len(name) {
		return name
	}
	return plain(name[:min(len(name), maxDomain)], "-._")
}

// traceID is the session's id in the characters of a dot-atom and "/".
func traceID(id string) string { return plain(strings.ReplaceAll(id, ":", "."), "-._/") }

// plain puts "?" for everything but letters, digits and the characters of others.
func plain(text, others string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (isAlnum(byte(r)) || strings.ContainsRune(others, r)) {
			return r
		}
		return '?'
	}, text)
}

// fold writes each group of words on a line of its own, or on more where they would pass traceColumn.
func fold(groups ...[]string) string {
	var b strings.Builder
	column := len("Received:")
	for i, group := range groups {
		for j, word := range group {
			if i+j > 0 && (j == 0 || column+1+len(word) > traceColumn) {
				b.WriteString("\r\n\t")
				column = 1
			} else if i+j > 0 {
				b.WriteByte(' ')
				column++
			} else {
				column++
			}
			b.WriteString(word)
			column += len(word)
		}
	}
	return b.String()
}

// check finds an own name that is none.
func (t *Trace) check() error {
	for attribute, name := range map[string]string{"domain_name": t.DomainName, "autodetect_domain_from": t.Detected} {
		if name != "" && (!isASCII(name) || domainLen([]byte(name), true) != len(name)) {
			return fmt.Errorf("%s: %q is no domain, nor an address literal", attribute, name)
		}
	}
	return nil
}
