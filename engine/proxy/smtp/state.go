package smtp

// phase says what the bytes of a side are.
type phase uint8

const (
	phaseGreeting phase = iota // the server is to greet
	phaseCommand               // the client is to speak, or the server to answer what it said
	phaseBody                  // the client sends mail data to the server
	phaseChunk                 // the client sends the octets of a BDAT chunk
	phaseAuth                  // the client is to answer a challenge of the server
	phaseDiscard               // the client sends mail data that nobody gets
	phaseNoServer              // there is no server: commands are answered here
	phaseCopy                  // both sides are copied: TLS that is theirs
	phaseDone
)

// state is how far the client is, in Zorp's words.
type state uint8

const (
	stateInitial state = iota // no HELO or EHLO
	stateHello                // EHLO in Zorp
	stateMail
	stateRcpt
)

// flags are things that are so or not.
type flags uint32

const (
	flagBarrier      flags = 1 << iota // the next command waits until the queue is empty
	flagSilence                        // the client must wait for a reply before it speaks (RFC 2920 §3.1)
	flagESMTP                          // the last greeting was EHLO
	flagShown                          // the client was shown ENHANCEDSTATUSCODES
	flagUTF8                           // the transaction asked for SMTPUTF8
	flagPoisoned                       // the server holds what the client was told is refused
	flagDataRefused                    // DATA was refused: the server may have dropped the transaction
	flagLoggedIn                       // the server accepted a login
	flagPlain                          // the login at hand is PLAIN
	flagAuthHidden                     // the server offers AUTH, and the client was not shown it
	flagChunks                         // the transaction has had a BDAT
	flagBinary                         // BODY=BINARYMIME
	flagChunkRefused                   // a BDAT was refused: what follows of the message is not the message (RFC 3030 §2)
	flagDoomed                         // close after the chunk that is thrown away
	flagAsked                          // a hook is being asked
	flagLeaving                        // the client has quit, the server is kept for others
	flagDraining                       // the session is to end between two transactions
	flagSecuring                       // TLS begins on one of the sides
	flagMore                           // the server sent something behind the reply at hand
	flagServerPlain                    // the server has no TLS, and need not
	flagDiscreet                       // what is no command may be a secret, or content, of a client that was refused
)

func (m *Machine) is(f flags) bool { return m.flags&f != 0 }
func (m *Machine) set(f flags)     { m.flags |= f }
func (m *Machine) unset(f flags)   { m.flags &^= f }

// exchange is one command between its arrival and its reply. Its part of the arena is the reply if that is ours, else
// the address of a MAIL or RCPT.
type exchange struct {
	verb     Verb // whose state it moves
	key      Verb // under which the response table knows it
	ours     bool
	final    bool // the reply after mail data
	utf8     bool // a MAIL with SMTPUTF8
	binary   bool // a MAIL with BODY=BINARYMIME
	swallow  bool // sent by the proxy: its reply is not the client's
	probes   bool // an EHLO of the proxy's: its reply is the client's if nothing better follows
	from, to int

	introduces bool // tells the server of the client
}

// maxQueue bounds how many commands of a pipelined group wait for their replies.
const maxQueue = 128
