package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/service"
)

// addServices draws the services that rules name, and then the others.
func (b *builder) addServices() {
	used := map[string]bool{}
	for _, r := range b.config.Rules.All() {
		used[r.Service] = true
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Services)) {
		if used[name] {
			b.addService(b.config.Services[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Services)) {
		if !used[name] {
			b.addService(b.config.Services[name]).Faint = true
			b.unused = append(b.unused, "service "+name)
		}
	}
}

func (b *builder) addService(v *service.Service) *Node {
	n := b.add(&Node{Kind: Service, Name: v.Name, Pos: v.Pos, Deny: v.Deny}, v.Name)
	b.services[v.Name] = n
	if v.Deny {
		n.Lines = answers(v)
		return n
	}
	if v.Class != nil {
		n.Lines = append(n.Lines, v.Class.Name())
	}
	n.Lines = append(n.Lines, tls(v)...)
	if v.MaxInstances > 0 {
		n.Lines = append(n.Lines, "at most "+counted(v.MaxInstances, "session"))
	}
	if len(v.LimitTargetZones) > 0 {
		n.Lines = append(n.Lines, "to servers of "+some(v.LimitTargetZones, mostEntries)+" only")
	}
	if keepalive := []string{"", "the client's side", "the server's side", "both sides"}[v.Keepalive]; keepalive != "" {
		n.Details = append(n.Details, "TCP keep-alive on "+keepalive)
	}
	if v.Encryption != nil {
		n.Details = append(n.Details, "encryption policy "+v.Encryption.Name)
	}
	return n
}

// answers are what a packet filter says for a service that denies.
func answers(v *service.Service) []string {
	four, six := cmp.Or(v.DenyIPv4, "nothing"), cmp.Or(v.DenyIPv6, "nothing")
	if four == six {
		return []string{"refused: " + four}
	}
	return []string{"refused, IPv4: " + four, "refused, IPv6: " + six}
}

// tls says what is encrypted of the sessions of v.
func tls(v *service.Service) (lines []string) {
	policy := v.Encryption
	if class, ok := v.Class.(proxy.Encrypted); ok && policy == nil {
		policy = class.Encryption()
	}
	if policy == nil {
		return nil
	}
	if how := towards(policy.Client.Mode, "offered"); how != "" {
		lines = append(lines, "clients: "+how)
	}
	if how := towards(policy.Server.Mode, "if offered"); how != "" {
		if !policy.Server.Verifies() {
			how += ", not verified"
		}
		lines = append(lines, "servers: "+how)
	}
	return lines
}

func towards(m encryption.Mode, perhaps string) string {
	switch m {
	case encryption.Implicit:
		return "TLS"
	case encryption.StartTLS:
		return "STARTTLS " + perhaps
	case encryption.StartTLSRequired:
		return "STARTTLS required"
	case encryption.Forward:
		return "STARTTLS as clients ask"
	}
	return ""
}

// title is what a tooltip says of n, position and all.
func (n *Node) title() string {
	head := n.Name
	if !strings.HasPrefix(n.Name, n.Kind.String()) {
		head = n.Kind.String() + " " + n.Name
	}
	if n.Pos.IsValid() {
		head = fmt.Sprintf("%s (%s)", head, n.Pos)
	}
	if n.Faint {
		head += ": no rule uses it"
	}
	return strings.Join(slices.Concat([]string{head}, n.Lines, n.Details), "\n")
}
