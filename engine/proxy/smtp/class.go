package smtp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Class is a proxy class of a policy: its settings, checked and made ready for look-up. It implements proxy.Class and
// is shared by all its sessions.
type Class struct {
	name      string
	settings  *Settings
	permitted extension
	hooked    [verbCount]bool // the response table may ask a hook
	// takesGroups: the response table refuses none of the successes of MAIL and RCPT that it names
	takesGroups bool
	replies     []Entry                      // what the tables below point into; 0 is no entry
	byVerb      [verbCount][replyCodes]uint8 // verb and code-minReply → replies
}

const (
	minReply   = 200
	replyCodes = 400
)

var (
	_ proxy.Class     = (*Class)(nil)
	_ proxy.Encrypted = (*Class)(nil)
	_ proxy.StartsTLS = (*Class)(nil)
)

// Compile checks s and makes a class of it. All problems are returned; with any the class is nil.
func Compile(name string, s *Settings) (*Class, []error) {
	if problems := s.check(); len(problems) > 0 {
		return nil, problems
	}
	c := &Class{name: name, settings: s, permitted: s.permitted(), replies: []Entry{{}}}
	for _, key := range bySpecificity(s.Response) {
		if !c.addReplies(key, s.Response[key]) {
			return nil, []error{fmt.Errorf("the response table has more than 255 different entries")}
		}
	}
	c.takesGroups = c.onlyAccepts(verbMAIL) && c.onlyAccepts(verbRCPT)
	return c, nil
}

// onlyAccepts reports whether the response table accepts every success of verb that it has an entry for.
func (c *Class) onlyAccepts(verb Verb) bool {
	for _, i := range c.byVerb[verb][200-minReply : 300-minReply] {
		if i != 0 && c.replies[i].Action != Accept {
			return false
		}
	}
	return !c.hooked[verb]
}

// bySpecificity orders keys so that what Zorp's look-up would find first comes last.
func bySpecificity(table map[ResponseKey]Entry) []ResponseKey {
	return slices.SortedFunc(maps.Keys(table), func(a, b ResponseKey) int {
		return cmp.Or(cmp.Compare(min(len(a.verb()), 1), min(len(b.verb()), 1)), cmp.Compare(len(a.code()), len(b.code())),
			cmp.Compare(a.Verb, b.Verb), cmp.Compare(a.Code, b.Code))
	})
}

func (k ResponseKey) verb() string { return strings.TrimPrefix(k.Verb, "*") }
func (k ResponseKey) code() string { return strings.TrimPrefix(k.Code, "*") }

// addReplies writes an entry into every cell that its key covers.
func (c *Class) addReplies(key ResponseKey, e Entry) bool {
	i := slices.Index(c.replies, e)
	if i < 0 {
		i = len(c.replies)
		c.replies = append(c.replies, e)
	}
	low, high := codeRange(key.code())
	for verb := verbGreeting; verb < verbCount; verb++ {
		if key.verb() != "" && key.verb() != verb.String() {
			continue
		}
		for code := low; code < high; code++ {
			c.byVerb[verb][code-minReply] = uint8(i)
		}
		c.hooked[verb] = c.hooked[verb] || e.Action == Policy
	}
	return i < 256
}

// codeRange is the part of 200 to 599 that begins with the digits of prefix.
func codeRange(prefix string) (low, high int) {
	n, _ := strconv.Atoi(prefix)
	width := [...]int{1000, 100, 10, 1}[len(prefix)]
	return max(n*width, minReply), min((n+1)*width, minReply+replyCodes)
}

// response looks a reply up as Zorp does: the code is shortened from the right, then the command is any.
func (s *Settings) response(verb, code string) (Entry, bool) {
	for _, verbs := range [...][]string{{verb}, {"*", ""}} {
		for n := len(code); n >= 0; n-- {
			for _, v := range verbs {
				if e, ok := s.Response[ResponseKey{v, code[:n]}]; ok {
					return e, true
				}
			}
		}
		for _, v := range verbs {
			if e, ok := s.Response[ResponseKey{v, "*"}]; ok {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// check finds what no session should meet.
func (s *Settings) check() (problems []error) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for _, verb := range slices.Sorted(maps.Keys(s.Request)) {
		if err := s.Request[verb].check(); err != nil {
			bad("request[%q]: %w", verb, err)
		}
	}
	for key, e := range s.Response {
		if code := key.code(); len(code) > 3 || strings.Trim(code, "0123456789") != "" {
			bad("response[%q, %q]: a reply code has three digits, its beginning fewer", key.Verb, key.Code)
		} else if err := e.check(); err != nil {
			bad("response[%q, %q]: %w", key.Verb, key.Code, err)
		}
	}
	if c := s.UnconnectedResponseCode; c < 400 || c > 599 {
		bad("unconnected_response_code: %d is no 4xx or 5xx reply code", c)
	}
	if s.MaxRequestLength < 12 || s.MaxRequestLength > s.MaxLineLength {
		bad("max_request_length: %d is not between 12 and max_line_length, %d", s.MaxRequestLength, s.MaxLineLength)
	}
	if s.MaxLineLength > proxy.MaxUnused-2 {
		bad("max_line_length: %d is more than %d", s.MaxLineLength, proxy.MaxUnused-2)
	}
	if s.MaxAuthRequestLength < s.MaxRequestLength || s.MaxAuthRequestLength > proxy.MaxUnused-2 {
		bad("max_auth_request_length: %d is not between max_request_length, %d, and %d", s.MaxAuthRequestLength, s.MaxRequestLength, proxy.MaxUnused-2)
	}
	problems = append(problems, s.Limits.check()...)
	if err := s.Trace.check(); err != nil {
		problems = append(problems, err)
	}
	if s.MaxResponseLength < 5 || s.MaxResponseLength > maxReply {
		bad("max_response_length: %d is not between 5 and %d", s.MaxResponseLength, maxReply)
	}
	return problems
}

func (e Entry) check() error {
	switch e.Action {
	case Accept, Abort:
	case Reject:
		if !validReject(e.Code, e.Text) {
			return fmt.Errorf("a refusal needs a 4xx or 5xx reply code and one printable line, not %q, %q", e.Code, e.Text)
		}
	case Policy:
		if e.Hook == nil {
			return fmt.Errorf("a policy entry needs a function to call")
		}
	default:
		return fmt.Errorf("%d is no action: use SMTP_REQ_ or SMTP_RSP_ ACCEPT, REJECT, ABORT or POLICY", e.Action)
	}
	return nil
}

// request is the request table's entry for a verb, given in capitals.
func (c *Class) request(verb []byte) (Entry, bool) {
	e, ok := c.settings.Request[string(verb)]
	if !ok {
		e, ok = c.settings.Request["*"]
	}
	return e, ok
}

// reply is the response table's entry for a reply to verb, which is named name if it is verbOther.
func (c *Class) reply(verb Verb, name []byte, code int) (Entry, bool) {
	if verb == verbOther {
		return c.settings.response(string(name), fmt.Sprint(code))
	}
	i := c.byVerb[verb][code-minReply]
	return c.replies[i], i != 0
}

// Name is the class's name in the policy.
func (c *Class) Name() string { return c.name }

// Settings are what the class was compiled from.
func (c *Class) Settings() *Settings { return c.settings }

// New makes the machine of a session.
func (c *Class) New(s *session.Session) (proxy.Protocol, error) { return c.NewWith(s, nil), nil }

// NewWith makes the machine of a session whose hooks find self in their View.
func (c *Class) NewWith(s *session.Session, self any) proxy.Protocol {
	if s.Encryption == nil {
		s.Encryption = c.settings.Encryption
	}
	s.ALPN = alpn
	m := &Machine{class: c, settings: c.settings, session: s, self: self, now: time.Now}
	m.helo, m.param, m.arena = m.scratch[0:0:48], m.scratch[48:48:112], m.scratch[112:112:160]
	m.sender, m.recipients = m.scratch[160:160:208], m.scratch[208:208:256]
	m.queue = m.few[:0]
	return m
}

// Encryption implements proxy.Encrypted.
func (c *Class) Encryption() *encryption.Policy { return c.settings.Encryption }

// StartsTLS implements proxy.StartsTLS.
func (c *Class) StartsTLS() bool { return true }

// alpn is what SMTP is called where it is called anything; no name is registered.
var alpn = []string{"smtp"}

// Prompt implements proxy.Prompt: no function of the policy runs but as a question that the session asks.
func (c *Class) Prompt() bool {
	s := c.settings
	return s.StartUp == nil && s.Connect == nil && s.ShutDown == nil
}

// Pool implements proxy.Pooled.
func (c *Class) Pool() (size int, limit time.Duration) {
	if c.settings.XClientToServer { // what the server was told of a client stays with the connection
		return 0, 0
	}
	return c.settings.ServerPoolSize, c.settings.ServerPoolTimeout
}

// Busy is the greeting of a service that has all the sessions it may have (RFC 5321 §3.8).
func (c *Class) Busy() []byte { return answerClosing.plain }

// Crowded stands in place of the greeting as well. RFC 2034 §4: not followed, because what refuses a client is for people
// to read, and the code tells them that the server is not down.
func (c *Class) Crowded() []byte { return answerCrowded.enhanced }
