package embedded

import (
	"os/exec"
	"syscall"
)

// detach keeps the terminal's Ctrl-C from the child, which must outlast the parent's own orderly end, and makes it end
// with its parent.
func detach(cmd *exec.Cmd, whenParentDies syscall.Signal) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: whenParentDies}
}

// self is the path that executes the running program again, also after its file was replaced by a newer build.
func self() (string, error) { return "/proc/self/exe", nil }
