package embedded

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/observatory/observatory/internal/fault"
)

// serverUser is who runs PostgreSQL: ourselves. On macOS nobody has a reason to run Observatory as root.
type serverUser struct {
	home, dir string // the programs and the data
}

func newServerUser(home, dir string) (serverUser, error) {
	if os.Geteuid() == 0 {
		return serverUser{}, fault.New(fault.Unavailable, "postgres_refuses_root",
			"PostgreSQL does not run as root. Run Observatory as an ordinary user, or set OBSERVATORY_POSTGRES_URL.")
	}
	return serverUser{home: home, dir: dir}, nil
}

func (serverUser) own(string) error { return nil }

// command makes a command that runs HOME/bin/PROGRAM in DIR/data and sees none of our environment.
func (u serverUser) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(u.home, "bin", program), args...) //nolint:noctx // ended by the supervisor
	cmd.Dir = filepath.Join(u.dir, "data")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C", "TZ=UTC"}
	detach(cmd, syscall.SIGINT)
	return cmd
}

func (serverUser) start(cmd *exec.Cmd) error { return cmd.Start() }
