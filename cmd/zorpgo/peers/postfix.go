package peers

import "zorpgo/cmd/zorpgo/lab"

// Postfix is the lab's own, under this package's interface.
type Postfix struct{ *lab.Postfix }

// StartPostfix starts Postfix as the origin.
func StartPostfix(l *lab.Lab) Postfix {
	return Postfix{l.Origin(
		"mynetworks = 127.0.0.0/8",
		"virtual_mailbox_maps = inline:{bob@example.com=mailbox/, böb@example.com=mailbox/}",
		"message_size_limit = 1000000",
	)}
}

// Messages waits for n messages.
func (p Postfix) Messages(n int) [][]byte { return p.Delivered(n) }
