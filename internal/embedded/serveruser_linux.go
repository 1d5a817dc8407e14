package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	if openToAll(filepath.Join(home, "bin")) && openToAll(dir) {
		return u, nil
	}
	for _, c := range []uintptr{unix.CAP_DAC_READ_SEARCH, unix.CAP_DAC_OVERRIDE} {
		if permitted(c) {
			u.caps = []uintptr{c}
			return u, nil
		}
	}
	return u, fault.New(fault.Unavailable, "postgres_out_of_reach",
		"PostgreSQL does not run as root, and the unprivileged user that it would run as cannot reach %s or %s. "+
			"Run Observatory as an ordinary user, or move them to where everybody may enter.", home, dir)
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

// command makes a command that runs HOME/bin/PROGRAM in DIR/data as the user. It ends with its parent and sees none of
// our environment. The caller closes its ExtraFiles once it is started.
//
// The capabilities take effect only with the program itself. Both folders are therefore opened here and reached through
// the open files: the folder by its number in this process, the program by the one that it gets in the child.
func (u serverUser) command(program string, args ...string) (*exec.Cmd, error) {
	path := filepath.Join(u.home, "bin", program)
	cmd := exec.Command(path, args...) //nolint:noctx // ended by the supervisor
	cmd.Dir = filepath.Join(u.dir, "data")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C", "TZ=UTC"}
	detach(cmd, syscall.SIGINT)
	if !u.isNobody {
		return cmd, nil
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	cmd.SysProcAttr.AmbientCaps = u.caps
	bin, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL's programs: %w", err)
	}
	data, err := os.Open(cmd.Dir)
	if err != nil {
		_ = bin.Close()
		return nil, fmt.Errorf("open PostgreSQL's data: %w", err)
	}
	cmd.ExtraFiles = []*os.File{bin, data}
	cmd.Path = "/proc/self/fd/3/" + program
	cmd.Dir = fmt.Sprintf("/proc/self/fd/%d", data.Fd())
	return cmd, nil
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
