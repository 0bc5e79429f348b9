package builtins_test

import (
	"testing"

	"zorpgo/builtins"
)

func TestUseCase(t *testing.T) {
	config, found, err := builtins.Load(builtins.Options{}, "../policies/reverse-proxy/zones.star", "../policies/reverse-proxy/mail.star")
	if err != nil || len(found) > 0 || config == nil {
		t.Fatalf("err %v, findings:\n%v", err, found.Error())
	}
	t.Logf("%+v", config)
}
