package smtp

import "strings"

// LoadSMTP fills the tables with RFC 5321's minimum: HELO MAIL RCPT DATA RSET QUIT NOOP and their positive replies.
// 4xx and 5xx replies need no entry.
func (s *Settings) LoadSMTP() {
	s.permit("HELO MAIL RCPT DATA RSET QUIT NOOP")
	s.answer("Null", "220 554")
	s.answer("*", "421 500 501")
	s.answer("HELO", "250 504 550")
	s.answer("MAIL", "250 450 451 452 503 530 550 552 553")
	s.answer("RCPT", "250 251 450 451 452 503 530 550 551 552 553 554")
	s.answer("DATA", "354 250 451 452 503 530 550 552 554")
	s.answer("RSET", "250")
	s.answer("QUIT", "221")
	s.answer("NOOP", "250")
}

// LoadESMTP is LoadSMTP with EHLO, the verbs AUTH, ETRN, STARTTLS and BDAT (ours), and the extensions accepted by default.
func (s *Settings) LoadESMTP() {
	s.LoadSMTP()
	s.permit("EHLO AUTH ETRN STARTTLS BDAT")
	s.answer("BDAT", "250")
	s.answer("EHLO", "250 504 550")
	s.answer("AUTH", "235 334 432 454 501 503 504 534 535 538")
	s.answer("ETRN", "250 251 252 253 458 459 500 501 530")
	s.answer("STARTTLS", "220 454 501")
	for _, keyword := range strings.Fields(defaultExtensions) {
		s.Extensions[keyword] = Accept
	}
}

func (s *Settings) permit(verbs string) {
	for _, verb := range strings.Fields(verbs) {
		s.Request[verb] = Entry{Action: Accept}
	}
}

func (s *Settings) answer(verb, codes string) {
	for _, code := range strings.Fields(codes) {
		s.Response[ResponseKey{verb, code}] = Entry{Action: Accept}
	}
}
