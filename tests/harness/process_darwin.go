package harness

import "syscall"

// dieWithParent keeps the terminal's Ctrl-C from the server. macOS has no parent-death signal.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
