package admin

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Directories are those that control sockets may be in, the first that can be used: $RUNTIME_DIRECTORY alone if a
// service manager gave it, else /run/zorpgo, else that of the user.
func Directories() []string {
	if own, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":"); own != "" {
		return []string{own}
	}
	list := []string{"/run/zorpgo"}
	if user := os.Getenv("XDG_RUNTIME_DIR"); user != "" {
		list = append(list, filepath.Join(user, "zorpgo"))
	}
	return list
}

// SocketName is the file of an instance's socket; the policy of a top level has no name.
func SocketName(instance string) string {
	if instance == "" {
		instance = "default"
	}
	return instance + ".sock"
}

// ListenDefault opens the socket of an instance in the first directory that lets it.
func ListenDefault(instance string) (net.Listener, error) {
	var failed []error
	for _, dir := range Directories() {
		err := os.MkdirAll(dir, 0o755)
		if err == nil {
			var l net.Listener
			if l, err = Listen(filepath.Join(dir, SocketName(instance))); err == nil || errors.Is(err, ErrInUse) {
				return l, err
			}
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

// ErrInUse says that somebody listens at a socket already.
var ErrInUse = errors.New("another zorpgo serves it")

// umask is the process's: whoever changes it for a moment must be alone.
var umask sync.Mutex

// Listen opens a socket that its owner alone may use. One that nobody serves any more is replaced.
func Listen(path string) (net.Listener, error) {
	release, err := lock(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	defer release()
	l, err := bind(path)
	if errors.Is(err, unix.EADDRINUSE) {
		if err = vacate(path); err == nil {
			l, err = bind(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return l, nil
}

func bind(path string) (net.Listener, error) {
	umask.Lock()
	defer umask.Unlock()
	old := unix.Umask(0o177)
	defer unix.Umask(old)
	return net.Listen("unix", path)
}

// vacate removes a socket that nobody serves.
func vacate(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return errors.New("there is a file of that name, which is no socket")
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
		return ErrInUse
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// lock keeps others from opening sockets in a directory at the same time.
func lock(dir string) (release func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX); err != nil {
		d.Close()
		return nil, err
	}
	return func() { d.Close() }, nil
}
