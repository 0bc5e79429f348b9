package privilege

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Access is what of the file system a process keeps: files, and directories with all that is below them.
type Access struct {
	Read, Write, Run []string // Write and Run include Read; what is not there is passed over
}

// ErrNoLandlock says that the kernel cannot confine a process to files.
var ErrNoLandlock = errors.New("this kernel has no Landlock, or it is not turned on")

// The rights that Landlock knows, by when it came to know them.
const (
	readRights  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	runRights   = readRights | unix.LANDLOCK_ACCESS_FS_EXECUTE
	firstRights = unix.LANDLOCK_ACCESS_FS_REFER - 1
	fileRights  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV // what one can do to a file that is no directory
)

// Landlock is the version of Landlock that the kernel has, 0 for none.
func Landlock() int {
	version, _, err := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if err != 0 {
		return 0
	}
	return int(version)
}

// handled are the rights that a version can deny.
func handled(version int) uint64 {
	rights := uint64(firstRights)
	if version >= 2 {
		rights |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		rights |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 5 {
		rights |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return rights
}

// Confine gives up every file but those of a; what is open stays so. Keep must have been called before. If the kernel
// cannot do that it is ErrNoLandlock.
func Confine(a Access) error { return confine(a, Landlock()) }

func confine(a Access, version int) error {
	if version == 0 {
		return ErrNoLandlock
	}
	rights := handled(version)
	attr := unix.LandlockRulesetAttr{Handled_access_fs: rights}
	// Only the first field is passed: older kernels know no other.
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if errno != 0 {
		return named("landlock_create_ruleset", errno)
	}
	defer unix.Close(int(ruleset))
	for _, group := range []struct {
		paths  []string
		rights uint64
	}{{a.Read, readRights}, {a.Run, runRights}, {a.Write, rights}} {
		for _, path := range group.paths {
			if err := allow(int(ruleset), path, group.rights&rights); err != nil {
				return err
			}
		}
	}
	_, _, errno = syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0)
	return named("landlock_restrict_self", errno)
}

// allow adds a file or directory to a ruleset.
func allow(ruleset int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR), errors.Is(err, fs.ErrPermission):
		return nil
	case err != nil:
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fileRights
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("landlock_add_rule: %s: %w", path, errno)
	}
	return nil
}

// MayRead reports whether a process that is confined to a could read path.
func (a Access) MayRead(path string) bool {
	path = resolved(path)
	for _, group := range [][]string{a.Read, a.Run, a.Write} {
		for _, top := range group {
			top = resolved(top)
			if path == top || strings.HasPrefix(path, strings.TrimSuffix(top, "/")+"/") {
				return true
			}
		}
	}
	return false
}

// resolved is the absolute name of a file without symbolic links, as far as it is there.
func resolved(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	if dir := filepath.Dir(path); dir != path {
		return filepath.Join(resolved(dir), filepath.Base(path))
	}
	return path
}

// Trees are the directories of files, with those of what they link to. Of a directory that is not theirs alone, as
// /etc, only the file itself is meant.
func Trees(files []string) (list []string) {
	for _, file := range files {
		abs, err := filepath.Abs(file)
		if err != nil {
			continue
		}
		for _, name := range []string{abs, resolved(abs)} {
			if dir := filepath.Dir(name); !shared[dir] {
				name = dir
			}
			list = append(list, name)
		}
	}
	return list
}

// shared are directories that hold what is nobody else's business.
var shared = map[string]bool{"/": true, "/dev": true, "/etc": true, "/home": true, "/proc": true, "/root": true, "/run": true,
	"/sys": true, "/tmp": true, "/usr": true, "/var": true, "/var/tmp": true}
