package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"zorpgo/engine"
	"zorpgo/engine/admin"
	"zorpgo/engine/journal"
	"zorpgo/engine/source"
)

// server is the command line of run.
type server struct {
	policy
	drain     time.Duration
	loops     loops
	most      int // connections
	intercept interception
	confine   confinement
	control   control
	watch     watch
	log       logging
	manager   *manager
}

func newRun() *cobra.Command {
	s := &server{}
	cmd := &cobra.Command{
		Use:   "run FILE...",
		Short: "Load a policy, open its listeners, and serve",
		Long: `run serves the policy until SIGTERM or SIGINT: then it accepts nothing more and
waits for its sessions, up to --drain-timeout; a second signal ends them at once.
SIGHUP reads the files again: a policy with errors is reported and the old one
stays in force. zorpgo status, sessions and reload talk to it over its control socket.

Once its listeners are open it gives up every right that the policy does not need:
capabilities, and all files but the directories of those that the policy named (see
zorpgo check, which lists the capabilities, and --no-sandbox). A reload that needs
more is refused: restart it.

It tells a service manager READY=1 once every listener is open ($NOTIFY_SOCKET),
and uses the sockets that it is given ($LISTEN_FDS).
` + loggingHelp,
		Args: someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			s.files = files
			return s.run(cmd)
		},
	}
	s.flags(cmd)
	s.log.flags(cmd, journal.DefaultVerbose, journal.DefaultSpec)
	s.loops.flag(cmd)
	cmd.Flags().IntVar(&s.most, "max-connections", 0, "connections of clients at a time, more are turned away; 0: as many as the limit on open files allows")
	s.intercept.flags(cmd)
	s.confine.flags(cmd)
	s.control.flags(cmd)
	s.watch.flags(cmd)
	cmd.Flags().DurationVar(&s.drain, "drain-timeout", 30*time.Second, "how long sessions may go on after SIGTERM")
	return cmd
}

func (s *server) run(cmd *cobra.Command) error {
	log, err := s.log.logger(cmd)
	if err != nil {
		return err
	}
	if _, err := s.intercept.unmatched.leave(cmd); err != nil {
		return err
	}
	token, err := s.control.token(cmd)
	if err != nil {
		return err
	}
	defer s.log.repeats.Flush()
	defer s.log.tune(log)()
	s.says = log
	config, err := s.loadGood(s.teller(cmd, log))
	if err != nil {
		return err
	}
	s.watch.look(&s.policy)
	sockets, every, err := surroundings()
	if err != nil {
		return &failure{status: exitMachine, err: err}
	}
	s.manager = newManager(log)
	defer s.manager.close()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	// A loop holds on to its processor while it waits for what comes next; the rest of the program has all of them, too.
	loops := s.loops.of(config)
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + loops)
	defer runtime.KeepAlive(ballast())
	e := engine.New(engine.Options{Log: log, Inherited: sockets, Loops: loops, MaxConnections: s.maxConnections(log), InterceptPort: uint16(s.intercept.port)})
	defer s.control.close()
	if err := s.control.open(log, config.Instance); err != nil {
		return machine(err)
	}
	s.control.serve(log, e, admin.Options{Files: s.files, Token: token, Recent: &s.log.recent, Verbosity: &s.log.verbosity, Output: s.log.output, Repeats: &s.log.repeats,
		Reload: func() admin.Outcome { return s.reload(cmd, e, log) }})
	// First the ruleset, so that nothing goes round a proxy that is about to listen.
	if err := s.intercept.load(cmd.Context(), config); err != nil {
		return machine(errors.Join(err, s.intercept.unload()))
	}
	defer s.unload(log)
	if err := e.Start(config); err != nil {
		return startFailure(err)
	}
	announce(log, e)
	if err := s.giveUp(log, config); err != nil {
		return machine(errors.Join(err, s.stop(cmd, e, log, signals)))
	}
	s.control.server.Ready()
	s.manager.tell(ready(e))
	dog := &watchdog{manager: s.manager, answers: e.Answers, every: every}
	defer dog.start()()
	s.serve(signals)
	return s.stop(cmd, e, log, signals)
}

// ballast is memory that is never touched, so that the host has none of it: for the garbage collector the heap is large
// then, and it comes for every 16 MiB of garbage, where it would come for every 4.
func ballast() []byte { return make([]byte, 16<<20) }

// serve reloads when it is told to, until it is told to stop.
func (s *server) serve(signals <-chan os.Signal) {
	tick := s.watch.ticks()
	defer tick.Stop()
	for {
		select {
		case got := <-signals:
			if got != syscall.SIGHUP {
				return
			}
			s.control.server.Reload()
		case <-tick.C:
			if s.watch.changed() {
				s.control.server.Reload()
			}
		}
	}
}

// unload leaves the host as it was before run.
func (s *server) unload(log *slog.Logger) {
	if err := s.intercept.unload(); err != nil {
		log.Error("the ruleset stays loaded", "error", err)
	}
}

// teller says findings in the form of the log: as text for people, as records for programs.
func (s *server) teller(cmd *cobra.Command, log *slog.Logger) func(source.Findings) {
	if s.log.format == "json" {
		return func(found source.Findings) { record(cmd.Context(), log, found) }
	}
	return s.printer(cmd.ErrOrStderr())
}

// reload puts the files as they are now in force, if they are good, and tells what was found to whoever looks: at the
// log, or at the outcome.
func (s *server) reload(cmd *cobra.Command, e *engine.Engine, log *slog.Logger) admin.Outcome {
	s.manager.tell(reloading())
	defer func() { s.manager.tell(ready(e)) }()
	var o admin.Outcome
	say := s.teller(cmd, log)
	s.watch.reading()
	config, err := s.loadGood(func(found source.Findings) {
		say(found)
		o.Report, o.Text = s.written(found)
	})
	if err == nil {
		err = machine(s.mayRun(e, config))
	}
	open := listening(e)
	if err == nil {
		o.Changes = e.Changes(config)
		err = e.Reload(config)
	}
	if err != nil {
		o.Changes = nil
		log.Error("reload refused, the old policy stays", "error", err)
		o.Exit, o.Errors = refusal(err)
		return o
	}
	o.OK, o.Changes = true, append(o.Changes, moved(open, listening(e))...)
	log.Info("policy reloaded", "changes", len(o.Changes))
	for _, change := range o.Changes {
		log.Info("policy changed", "change", change)
	}
	s.watch.look(&s.policy)
	if err := s.intercept.load(cmd.Context(), config); err != nil {
		log.Error("the ruleset of the old policy may still be loaded", "error", err)
		o.Warning = fmt.Sprintf("the ruleset of the old policy may still be loaded: %v", err)
	}
	announce(log, e)
	return o
}

// listening are the addresses of the open listeners.
func listening(e *engine.Engine) (list []string) {
	for _, l := range e.Listening() {
		list = append(list, l.At.String())
	}
	return list
}

// moved says which listeners are new or gone.
func moved(old, now []string) (list []string) {
	for _, at := range now {
		if !slices.Contains(old, at) {
			list = append(list, "listener "+at+" opened")
		}
	}
	for _, at := range old {
		if !slices.Contains(now, at) {
			list = append(list, "listener "+at+" closed")
		}
	}
	return list
}

// announce logs what listens for whom.
func announce(log *slog.Logger, e *engine.Engine) {
	for _, l := range e.Listening() {
		var services []string
		for _, r := range l.Rules {
			if !slices.Contains(services, r.Service) {
				services = append(services, r.Service)
			}
		}
		log.Info("listening", "at", l.At, "services", services)
	}
}

// stop lets the sessions end, until the time is over or another signal comes.
func (s *server) stop(cmd *cobra.Command, e *engine.Engine, log *slog.Logger, signals <-chan os.Signal) error {
	s.control.server.Drain()
	s.manager.tell("STOPPING=1\nSTATUS=waiting for the sessions to end")
	ctx, cut := context.WithTimeout(cmd.Context(), s.drain)
	defer cut()
	go func() { // ends with the process at the latest
		for got := range signals {
			if got != syscall.SIGHUP {
				cut()
				return
			}
		}
	}()
	if err := e.Shutdown(ctx); err != nil {
		log.Warn("sessions were cut", "error", err)
	}
	return nil
}
