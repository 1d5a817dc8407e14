package embedded

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps the terminal's Ctrl-C from the child, which must outlast the parent's own orderly end. macOS has no
// parent-death signal: ClickHouse notices that its terminal closes; PostgreSQL is ended by the next start.
func detach(cmd *exec.Cmd, _ syscall.Signal) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// self is the path that executes the running program again.
func self() (string, error) { return os.Executable() }
