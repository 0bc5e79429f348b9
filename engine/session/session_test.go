package session

import "testing"

func TestFirstVerdictStands(t *testing.T) {
	var s Session
	s.Deny(DeniedByLimit, "too many")
	s.Deny(DeniedByPolicy, "not allowed")
	if s.Verdict != DeniedByLimit || s.Reason != "too many" {
		t.Errorf("%s, %q", s.Verdict, s.Reason)
	}
}

func TestVerdictNames(t *testing.T) {
	if Accepted.String() != "ACCEPTED" || InvalidPolicyCall.String() != "INVALID_POLICY_CALL" || InvalidPolicyCall != 6 {
		t.Error("a verdict lacks its name or number")
	}
}
