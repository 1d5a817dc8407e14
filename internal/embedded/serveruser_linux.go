package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/observatory/observatory/internal/fault"
)

// nobody is the user and group that PostgreSQL runs as when Observatory runs as root.
const nobody = 65534

// serverUser is who runs PostgreSQL: ourselves, or nobody if we are root.
type serverUser struct {
	home, dir string // the programs and the data
	isNobody  bool
	caps      []uintptr // ambient capabilities, see newServerUser
}

// newServerUser finds out how to run the programs in home on data in dir.
//
// Below a folder that only root may enter, such as /root, nobody is given one capability: to read and enter what
// permissions forbid or, where a container withholds that one, to override permissions altogether.
func newServerUser(home, dir string) (serverUser, error) {
	u := serverUser{home: home, dir: dir, isNobody: os.Geteuid() == 0}
	if !u.isNobody {
		return u, nil
	}
	if err := openPrograms(filepath.Join(home, "bin")); err != nil {
		return u, err
	}
	if openToAll(home) && openToAll(dir) {
		return u, nil
	}
	for _, c := range []uintptr{unix.CAP_DAC_READ_SEARCH, unix.CAP_DAC_OVERRIDE} {
		if permitted(c) && permitted(unix.CAP_SETPCAP) { // the second is for start
			u.caps = []uintptr{c}
			return u, nil
		}
	}
	return u, fault.New(fault.Unavailable, "postgres_out_of_reach",
		"PostgreSQL does not run as root, and the unprivileged user that it would run as cannot reach %s or %s. "+
			"Run Observatory as an ordinary user, move them to where everybody may enter, or set OBSERVATORY_POSTGRES_URL.", home, dir)
}

// own gives a file or folder to the user.
func (u serverUser) own(path string) error {
	if !u.isNobody {
		return nil
	}
	if err := os.Chown(path, nobody, nobody); err != nil {
		return fmt.Errorf("hand %s to PostgreSQL's user: %w", path, err)
	}
	return nil
}

// command makes a command that runs HOME/bin/PROGRAM in DIR/data as the user, to be started by start. It ends with its
// parent and sees none of our environment.
func (u serverUser) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(u.home, "bin", program), args...) //nolint:noctx // ended by the supervisor
	cmd.Dir = filepath.Join(u.dir, "data")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C", "TZ=UTC"}
	detach(cmd, syscall.SIGINT)
	if u.isNobody {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		cmd.SysProcAttr.AmbientCaps = u.caps
	}
	return cmd
}

// start starts a command of the user's.
//
// A capability of nobody's does not count when a process asks access(2) what it may do, which PostgreSQL does to find its
// programs, nor on the way to the program's own file. Both change with a flag of the thread that the child inherits.
func (u serverUser) start(cmd *exec.Cmd) (err error) {
	if len(u.caps) == 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	if err != nil {
		return fmt.Errorf("read the thread's secure bits: %w", err)
	}
	const noSetuidFixup = 1 << 2 // SECBIT_NO_SETUID_FIXUP of capabilities(7)
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, uintptr(before|noSetuidFixup), 0, 0, 0); err != nil {
		return fmt.Errorf("let PostgreSQL use its capability: %w", err)
	}
	defer func() {
		err = errors.Join(err, unix.Prctl(unix.PR_SET_SECUREBITS, uintptr(before), 0, 0, 0))
	}()
	return cmd.Start()
}

// openPrograms lets everybody run the programs in bin, which an installation under a strict umask does not. No capability
// that only reads would help with that.
func openPrograms(bin string) error {
	programs, err := filepath.Glob(filepath.Join(bin, "*"))
	if err != nil {
		return fmt.Errorf("list PostgreSQL's programs: %w", err)
	}
	for _, path := range append(programs, bin) {
		info, err := os.Stat(path)
		if err == nil && info.Mode()&0o005 != 0o005 {
			err = os.Chmod(path, 0o755)
		}
		if err != nil {
			return fmt.Errorf("open PostgreSQL's programs to its user: %w", err)
		}
	}
	return nil
}

// openToAll says whether everybody may enter dir and every folder above it.
func openToAll(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// permitted says whether this process may hand on a capability.
func permitted(capability uintptr) bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(status)) {
		if hex, ok := strings.CutPrefix(line, "CapPrm:"); ok {
			mask, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return err == nil && mask&(1<<capability) != 0
		}
	}
	return false
}
