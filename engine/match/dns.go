package match

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// Resolve finds the addresses of a host. A host that there is not is a *net.DNSError that says so.
type Resolve func(ctx context.Context, host string) ([]netip.Addr, error)

// The bounds of what is asked of DNS. The time to live of an answer is not known here.
const (
	dnsKeep  = time.Minute
	dnsLimit = 5 * time.Second
)

// DNS matches an address that is one of those that its hosts have now (Zorp's DNSMatcher). A host with %s in it is a
// block list (RFC 5782), and not Zorp's: the text that is looked for is put there.
type DNS struct {
	hosts     []string
	addresses *lookups[[]netip.Addr]
}

var _ Matcher = (*DNS)(nil)

// NewDNS makes a matcher that asks resolve when it is asked, and remembers for a minute what it heard.
func NewDNS(hosts []string, resolve Resolve) *DNS {
	return &DNS{hosts, newLookups(dnsKeep, dnsLimit, func(ctx context.Context, host string) ([]netip.Addr, error) {
		list, err := resolve(ctx, host)
		if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) && unknown.IsNotFound {
			return nil, nil
		}
		return list, err
	})}
}

// AskServer is the Resolve that asks the DNS server at an address, and no other.
func AskServer(at netip.AddrPort) Resolve {
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, at.String())
	}}
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		return r.LookupNetIP(ctx, "ip", absolute(host))
	}
}

// absolute keeps the resolver from trying the names of its own domain.
func absolute(host string) string { return strings.TrimSuffix(host, ".") + "." }

// Match reports whether text is an address of a host, or listed. If it is not, but a host could not be asked, there is
// no answer.
func (d *DNS) Match(ctx context.Context, text string) (bool, error) {
	var failed error
	for _, host := range d.hosts {
		hit, err := d.matchOne(ctx, host, text)
		if hit && err == nil {
			return true, nil
		}
		failed = errors.Join(failed, err)
	}
	return false, failed
}

func (d *DNS) matchOne(ctx context.Context, host, text string) (bool, error) {
	before, after, list := strings.Cut(host, "%s")
	if list {
		entry := entryOf(text)
		if entry == "" || len(before+entry+after) > 253 { // RFC 1035 §2.3.4
			return false, nil
		}
		return d.listed(ctx, absolute(before+entry+after))
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return false, nil
	}
	addrs, err := d.addresses.get(ctx, host)
	return slices.ContainsFunc(addrs, func(has netip.Addr) bool { return has.Unmap() == a.Unmap().WithZone("") }), err
}

var (
	listing  = netip.MustParsePrefix("127.0.0.0/8")
	refusing = netip.MustParsePrefix("127.255.255.0/24")
)

// listed asks a block list: an entry's addresses are of 127.0.0.0/8 (RFC 5782 §2.1). Lists that refuse a question say so
// by the last addresses of that; what a name server makes up for names that there are not is no listing.
func (d *DNS) listed(ctx context.Context, name string) (bool, error) {
	addrs, err := d.addresses.get(ctx, name)
	hit := false
	for _, a := range addrs {
		switch a = a.Unmap(); {
		case refusing.Contains(a):
			return false, fmt.Errorf("the list does not answer us: it says %s", a)
		case listing.Contains(a):
			hit = true
		}
	}
	return hit, err
}

// entryOf is how a block list names what text is: an address, also as the domain of a mailbox, or a domain, also that of
// a mailbox (RFC 5782 §2.1, §2.4 and §3); "" if it is neither.
func entryOf(text string) string {
	domain := text[strings.LastIndexByte(text, '@')+1:]
	literal := strings.TrimSuffix(strings.TrimPrefix(domain, "["), "]")
	if len(literal) > 5 && strings.EqualFold(literal[:5], "IPv6:") {
		literal = literal[5:]
	}
	if a, err := netip.ParseAddr(literal); err == nil {
		return reversed(a.Unmap().WithZone(""))
	}
	name, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return ""
	}
	return strings.ToLower(name)
}

// reversed is an address with its octets, or hexadecimal digits, from last to first.
func reversed(a netip.Addr) string {
	var parts []string
	for _, b := range a.AsSlice() {
		if a.Is4() {
			parts = append(parts, fmt.Sprint(b))
		} else {
			parts = append(parts, fmt.Sprintf("%x", b>>4), fmt.Sprintf("%x", b&15))
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, ".")
}
