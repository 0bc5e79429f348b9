package engine

import (
	"cmp"
	"maps"
	"slices"

	"zorpgo/engine/encryption"
)

// CertificateStatus is a certificate of the policy in force and who shows it.
type CertificateStatus struct {
	*encryption.Certificate
	Services []string // by name
}

// Certificates lists those that the services of c show to clients and servers, by their places. A file that changed is
// read again first.
func (c *Config) Certificates() (list []CertificateStatus) {
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		v := c.Services[name]
		if v.Deny {
			continue
		}
		for _, one := range presented(v.Encrypts()) {
			list = addCertificate(list, one, name)
		}
	}
	slices.SortStableFunc(list, func(a, b CertificateStatus) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return list
}

// presented are the certificates of p's sides.
func presented(p *encryption.Policy) (list []*encryption.Certificate) {
	if p == nil {
		return nil
	}
	if own := p.Client.Client.Certificates; own != nil && p.Client.Mode != encryption.Plain {
		list = own.All()
	}
	if own := p.Server.Server.Certificate; own != nil && p.Server.Mode != encryption.Plain {
		list = append(list, own)
	}
	return list
}

func addCertificate(list []CertificateStatus, one *encryption.Certificate, service string) []CertificateStatus {
	for i := range list {
		if known := &list[i]; known.Certificate == one {
			if !slices.Contains(known.Services, service) {
				known.Services = append(known.Services, service)
			}
			return list
		}
	}
	return append(list, CertificateStatus{one, []string{service}})
}
