package explain

import (
	"fmt"
	"net/netip"
	"strings"
)

func (e End) addrPort() netip.AddrPort { return netip.AddrPortFrom(e.Address, e.Port) }

func (i *Interface) text() string {
	if !i.Here {
		return i.Name + ", which this host does not have"
	}
	return fmt.Sprintf("%s of group %d", i.Name, i.Group)
}

func (v *Service) text() string {
	text := v.Name + " at " + v.Pos
	if v.Deny {
		return text + ", a DenyService"
	}
	if v.Class != "" {
		text += ", class " + v.Class
	}
	switch {
	case v.Limit == 1:
		text += ", one session at a time"
	case v.Limit > 1:
		text += fmt.Sprintf(", at most %d sessions at a time", v.Limit)
	}
	if v.PerClient != "" {
		text += ", " + v.PerClient
	}
	return text
}

// lines are the tries, one after the other, and why there are no more.
func (t *Target) lines() []string {
	var list []string
	for i, try := range t.Tried {
		text := try.text()
		if i > 0 {
			text = "else " + text
		} else if len(t.Routed) > 0 && t.Routed[0] != try.To {
			text += "; the router says " + t.Routed[0]
		}
		list = append(list, text)
	}
	if t.Refused != "" {
		list = append(list, "none: "+t.Refused)
		if t.Router == inband {
			list[len(list)-1] = t.Refused
		}
		if len(t.Tried) > 0 {
			list[len(list)-1] = "no more: " + t.Refused
		}
	}
	if t.Turns {
		list = append(list, "the sessions take turns: another connection begins with another one of these")
	}
	if t.Decides {
		list = append(list, "class "+t.Router+" of the policy said so for this client: it is asked in each session, and may answer otherwise")
	}
	if t.Random {
		list = append(list, "chosen by chance: another connection may go elsewhere")
	}
	return list
}

func (t Try) text() string {
	if strings.HasPrefix(t.To, "/") {
		return t.To + ", a socket of this host"
	}
	text := t.To + place(t.Zone, t.Parents) + ", from " + t.source()
	if t.Loose {
		text += ", or another port of its group"
	}
	return text
}

func (t Try) source() string {
	at, err := netip.ParseAddrPort(t.From)
	switch {
	case t.From == "":
		return "this host's own address"
	case t.Forged:
		return t.From + ", the client's address"
	case t.NAT:
		return t.From + ", as its NAT policy says"
	case err == nil && at.Addr().IsUnspecified():
		return fmt.Sprintf("this host's own address, port %d", at.Port())
	}
	return t.From
}
