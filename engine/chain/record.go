package chain

import "zorpgo/engine/journal"

// What records are of.
var (
	errorClass = journal.Class{Tag: "core.error", Verbosity: 2}
	infoClass  = journal.Class{Tag: "core.info", Verbosity: 3}
	debugClass = journal.Class{Tag: "core.debug", Verbosity: 6}
)
