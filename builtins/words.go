package builtins

import (
	"zorpgo/builtins/core"
	"zorpgo/builtins/smtp"
	"zorpgo/builtins/word"
)

// Words lists every function that a policy can call, for its documentation.
func Words() []*word.Word { return core.Words() }

// Attributes lists what a policy may read and set on SMTP proxies, for its documentation.
func Attributes() []*smtp.Attribute { return smtp.Attributes }

// NotBuilt are Zorp's names and modules that are refused, each with what to write instead.
func NotBuilt() map[string]string { return core.NotBuilt() }
