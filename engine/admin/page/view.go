package page

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/limit"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/rule"
	"zorpgo/engine/session"
)

// view is a State as the template wants it.
type view struct {
	*State
	frame
	Troubles     []Trouble
	Live, Begun  Spark
	Started      int64 // sessions
	Services     []serviceRow
	Servers      []serverRow
	Rules        []ruleRow
	Certificates []certificateRow
	Oldest       []session.Snapshot
	Busiest      []session.Snapshot // "": all are among Oldest
	Drawing      template.HTML
}

type serviceRow struct {
	engine.ServiceStatus
	Live, Begun Spark
	Router      string
	TLS         string
	Failures    int64
	Refusals    []refusalCount
	Limits      []string // beside that of sessions at a time
	Full        string   // a class: "", "warn", "bad"
}

type refusalCount struct {
	Reason string
	Count  int64
}

type serverRow struct {
	Service string
	engine.TargetStatus
}

type ruleRow struct {
	engine.RuleStatus
	Conditions []rule.Condition
}

func newView(s *State) *view {
	v := &view{State: s, frame: newFrame(), Live: live(s.History.of("")), Begun: begun(s.History.of(""))}
	for _, one := range s.Engine.Services {
		if !one.Deny {
			v.Started += one.Service.Sessions()
		}
		v.Services = append(v.Services, v.service(one))
		for _, t := range one.Targets {
			v.Servers = append(v.Servers, serverRow{one.Name, t})
		}
	}
	for _, r := range s.Engine.Rules {
		v.Rules = append(v.Rules, ruleRow{r, conditions(r.Rule)})
	}
	if c := s.Engine.Config; c != nil {
		for _, one := range c.Certificates() {
			v.Certificates = append(v.Certificates, certificate(one, s.Now))
		}
		if s.Draw != nil {
			v.Drawing, _ = s.Draw(c, v.Nonce) // without it the page has all else
		}
	}
	v.Oldest, v.Busiest = chosen(s.Sessions)
	v.Troubles = v.troubles()
	return v
}

func (v *view) service(s engine.ServiceStatus) serviceRow {
	row := serviceRow{ServiceStatus: s}
	if s.Deny {
		return row
	}
	list := v.History.of(s.Name)
	row.Live, row.Begun = live(list), begun(list)
	row.Limits, row.Refusals = limits(&s.Limits), turnedAway(s)
	m := s.Meter()
	for i := range m.Failures {
		row.Failures += m.Failures[i].Load()
	}
	for i, reason := range smtp.Reasons() {
		if n := m.Refusals[i].Load(); n > 0 {
			row.Refusals = append(row.Refusals, refusalCount{reason, n})
		}
	}
	switch n := s.Running(); {
	case s.MaxInstances > 0 && n >= int64(s.MaxInstances):
		row.Full = "bad"
	case s.MaxInstances > 0 && float64(n) >= full*float64(s.MaxInstances):
		row.Full = "warn"
	}
	if p := s.Encrypts(); p != nil {
		row.TLS = p.Name
	}
	return row
}

// limits are those of rates and of client networks, in the words of the policy.
func limits(l *limit.Limits) (list []string) {
	for _, one := range []struct {
		kind limit.Kind
		n    int
	}{{limit.SessionsPerClient, l.SessionsPerClient}, {limit.Rate, l.Rate}, {limit.RatePerClient, l.RatePerClient}} {
		if one.n > 0 {
			list = append(list, fmt.Sprintf("%s %d", one.kind, one.n))
		}
	}
	return list
}

// turnedAway is how many sessions each limit refused.
func turnedAway(s engine.ServiceStatus) (list []refusalCount) {
	for k := limit.Sessions; k < limit.Kinds; k++ {
		if n := s.Refused(k); n > 0 {
			list = append(list, refusalCount{k.String(), n})
		}
	}
	return list
}

// conditions are what r asks for, in the words of the policy.
func conditions(r *rule.Rule) (list []rule.Condition) {
	for _, reason := range r.Reasons(&rule.Flow{}) {
		for _, c := range reason.Wants {
			if n := len(c.Entries); n > 8 {
				c.Entries = append(slices.Clone(c.Entries[:7]), fmt.Sprintf("and %d more", n-7))
			}
			list = append(list, c)
		}
	}
	return list
}

// most is how many sessions of a kind are shown.
const most = 10

// chosen are the oldest sessions, and the busiest if those are not all.
func chosen(all []session.Snapshot) (oldest, busiest []session.Snapshot) {
	if len(all) <= 2*most {
		return all, nil
	}
	busiest = slices.Clone(all)
	slices.SortStableFunc(busiest, func(a, b session.Snapshot) int { return cmp.Compare(moved(b), moved(a)) })
	return all[:most], busiest[:most]
}

func moved(s session.Snapshot) int64 { return s.Count.FromClient + s.Count.FromServer }

// certificateRow is a certificate and how long it is good.
type certificateRow struct {
	Subject, Issuer, File, Pos string
	Names                      []string
	Services                   []string
	Until                      time.Time
	State                      string // "good", "warn", "bad"
	Left                       string // in words
}

// soon is how long before its end a certificate is told of.
const soon = 14 * 24 * time.Hour

func certificate(c engine.CertificateStatus, now time.Time) certificateRow {
	leaf := c.Chain()[0]
	row := certificateRow{Subject: plain(name(leaf)), Issuer: plain(leaf.Issuer.String()), File: c.Text.File, Pos: c.Pos.String(),
		Services: c.Services, Until: leaf.NotAfter, State: "good"}
	for _, one := range leaf.DNSNames {
		row.Names = append(row.Names, plain(one))
	}
	for _, one := range leaf.IPAddresses {
		row.Names = append(row.Names, one.String())
	}
	switch left := leaf.NotAfter.Sub(now); {
	case left < 0:
		row.State, row.Left = "bad", "expired "+lasting(-left)+" ago"
	case now.Before(leaf.NotBefore):
		row.State, row.Left = "bad", "is good only in "+lasting(leaf.NotBefore.Sub(now))
	case left < soon:
		row.State, row.Left = "warn", "expires in "+lasting(left)
	default:
		row.Left = "expires in " + lasting(left)
	}
	if err := c.Outdated(); err != nil {
		row.State, row.Left = "bad", row.Left+"; it stays though its files have changed: "+plain(err.Error())
	}
	return row
}

// name is what c is called.
func name(c *x509.Certificate) string {
	if text := cmp.Or(c.Subject.CommonName, strings.Join(c.DNSNames, ", ")); text != "" {
		return text
	}
	return "without a name"
}
