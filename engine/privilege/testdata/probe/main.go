// Command probe gives up rights as its arguments say, and tells what it has left: its threads' capabilities, whether
// its child has others, and which files it can open.
//
//	probe KEEP PASS READ FILE...
//
// KEEP and PASS are sets of capabilities, in hexadecimal; READ is a directory, "" for all.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"zorpgo/engine/privilege"
)

func main() {
	threads()
	check(privilege.Keep(set(os.Args[1]), set(os.Args[2])))
	if read := os.Args[3]; read != "" {
		check(privilege.Confine(privilege.Access{
			Read: []string{read, "/proc/self", "/no/such/thing"}, Run: []string{"/bin", "/usr", "/lib", "/lib64", "/proc"}, Write: []string{os.DevNull}}))
	}
	list, err := filepath.Glob("/proc/self/task/*/status")
	check(err)
	for _, path := range list {
		text, err := os.ReadFile(path)
		check(err)
		tell("thread", string(text))
	}
	out, err := exec.Command("cat", "/proc/self/status").Output()
	check(err)
	tell("child", string(out))
	for _, path := range os.Args[4:] {
		_, err := os.ReadFile(path)
		fmt.Println("read", path, err)
		fmt.Println("write", path, os.WriteFile(path, nil, 0o600))
		// Another thread is no way round.
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			_, err := os.ReadFile(path)
			done <- err
		}()
		fmt.Println("thread reads", path, <-done)
	}
}

// threads makes some that wait in system calls, as those of event loops do.
func threads() {
	for range 3 {
		r, _, err := os.Pipe()
		check(err)
		started := make(chan bool)
		go func() {
			runtime.LockOSThread()
			close(started)
			_ = r.SetReadDeadline(time.Time{})
			_, _ = r.Read(make([]byte, 1))
		}()
		<-started
	}
}

// tell prints what a status file says of rights.
func tell(who, status string) {
	var rights []string
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if strings.HasPrefix(name, "Cap") || name == "NoNewPrivs" {
			rights = append(rights, name+"="+strings.TrimLeft(strings.TrimSpace(value), "0"))
		}
	}
	fmt.Println(who, strings.Join(rights, " "))
}

func set(text string) privilege.Set {
	n, err := strconv.ParseUint(text, 16, 64)
	check(err)
	return privilege.Set(n)
}

func check(err error) {
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}
