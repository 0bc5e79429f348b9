// Package privilege gives up what a process may do: capabilities of Linux, and the file system.
//
// The command run calls it once its listeners are open. What was given up never comes back in this process, nor in
// what it starts.
package privilege

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Set is a set of capabilities.
type Set uint64

// The capabilities that a proxy may need.
const (
	NetBindService Set = 1 << unix.CAP_NET_BIND_SERVICE // ports below 1024
	NetAdmin       Set = 1 << unix.CAP_NET_ADMIN        // foreign addresses; rulesets and routing
	NetRaw         Set = 1 << unix.CAP_NET_RAW          // foreign addresses
	setPcap        Set = 1 << unix.CAP_SETPCAP          // to take capabilities out of the bounding set
)

var names = []struct {
	set  Set
	name string
}{{NetBindService, "CAP_NET_BIND_SERVICE"}, {NetAdmin, "CAP_NET_ADMIN"}, {NetRaw, "CAP_NET_RAW"}}

// String names the capabilities; "none" if there is none.
func (s Set) String() string {
	var list []string
	for _, n := range names {
		if s&n.set != 0 {
			list = append(list, n.name)
			s &^= n.set
		}
	}
	if s != 0 {
		list = append(list, fmt.Sprintf("%#x", uint64(s)))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}

// ErrCgo says that the rights of this process cannot be changed.
var ErrCgo = errors.New("this program was built with cgo; build it with CGO_ENABLED=0")

// Held is what this process may do, or could if it wanted (its permitted set).
func Held() (Set, error) {
	var data [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	err := unix.Capget(&header, &data[0])
	return Set(data[1].Permitted)<<32 | Set(data[0].Permitted), err
}

// Keep gives up all capabilities but those of keep. Programs that this process starts have those of pass, whoever runs
// it, and can gain no others (no_new_privs). It changes every thread, which a program with cgo cannot.
func Keep(keep, pass Set) error {
	held, err := Held()
	if err != nil {
		return err
	}
	keep &= held
	pass &= keep
	steps := []error{prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0)}
	if errors.Is(steps[0], syscall.ENOTSUP) {
		return ErrCgo
	}
	if held&setPcap != 0 {
		steps = append(steps, bound(keep))
	}
	return errors.Join(append(steps, prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0), set(keep, pass), hand(pass))...)
}

// Pass has programs that this process starts inherit what it holds of pass, whoever runs it.
func Pass(pass Set) error {
	held, err := Held()
	if err != nil {
		return err
	}
	if err := set(held, pass&held); err != nil {
		return err
	}
	return hand(pass & held)
}

// bound takes what is not of keep out of the bounding set: programs that are started cannot get it either.
func bound(keep Set) error {
	for c := range 64 {
		if keep&(1<<c) != 0 {
			continue
		}
		if err := prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0); err != nil {
			if errors.Is(err, unix.EINVAL) { // there are no more
				return nil
			}
			return err
		}
	}
	return nil
}

// hand has programs that are started inherit a set, which is of the inheritable ones.
func hand(pass Set) error {
	for c := range 64 {
		if pass&(1<<c) == 0 {
			continue
		}
		if err := prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, uintptr(c)); err != nil {
			return err
		}
	}
	return nil
}

func set(keep, pass Set) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	for i := range data {
		part := uint32(keep >> (32 * i))
		data[i] = unix.CapUserData{Effective: part, Permitted: part, Inheritable: uint32(pass >> (32 * i))}
	}
	_, _, err := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	return named("capset", err)
}

func prctl(option, a, b uintptr) error {
	_, _, err := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, option, a, b, 0, 0, 0)
	return named("prctl", err)
}

func named(call string, err syscall.Errno) error {
	if err == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", call, err)
}
