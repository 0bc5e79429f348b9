package rehearse

import (
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// patience is how long the client waits for one reply.
const patience = 30 * time.Second

// speak sends m over conn as a client does, and says QUIT whatever became of it.
func speak(conn net.Conn, m Message) error {
	client := smtp.NewClient(conn)
	defer client.Close()
	client.CommandTimeout, client.SubmissionTimeout = patience, patience
	if err := client.Hello("client.rehearsal"); err != nil {
		return err
	}
	err := transact(client, m)
	if quit := client.Quit(); err == nil {
		err = quit
	}
	return err
}

func transact(client *smtp.Client, m Message) error {
	if err := client.Mail(m.From, nil); err != nil {
		return err
	}
	for _, to := range m.To {
		if err := client.Rcpt(to, nil); err != nil {
			return err
		}
	}
	data, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(m.Content); err != nil {
		return err
	}
	return data.Close()
}
