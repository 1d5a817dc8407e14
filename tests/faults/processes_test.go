//go:build linux

package faults_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
)

// process is a process of this machine. Its ID may be given to another one later; when it began may not.
type process struct {
	pid, parent int
	began       string // clock ticks since the machine started
	state       byte
	command     string
}

// readProcess reads what proc(5) says about a process.
func readProcess(pid int) (p process, ok bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, false
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return p, false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // the name before may hold anything
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return p, false
	}
	return process{
		pid: pid, parent: parent, began: fields[19], state: fields[0][0],
		command: strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " ")),
	}, true
}

// alive says whether it is still there and not only waiting for its parent to take note of its end.
func (p process) alive() bool {
	now, ok := readProcess(p.pid)
	return ok && now.began == p.began && now.state != 'Z'
}

// descendants are the processes that a process has started, and those that they have.
func descendants(t *testing.T, pid int) []process {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	children := map[int][]process{}
	for _, folder := range folders {
		id, err := strconv.Atoi(filepath.Base(folder))
		require.NoError(t, err)
		if p, ok := readProcess(id); ok {
			children[p.parent] = append(children[p.parent], p)
		}
	}
	var found []process
	for next := children[pid]; len(next) > 0; next = next[1:] {
		found = append(found, next[0])
		next = append(next, children[next[0].pid]...)
	}
	return found
}

// engines are the ClickHouse and the PostgreSQL (without its own children) that a server has started.
func engines(t *testing.T, server int) (clickhouse, postgres process) {
	t.Helper()
	for _, p := range descendants(t, server) {
		if p.parent != server {
			continue
		}
		if strings.Contains(p.command, "__clickhouse") {
			clickhouse = p
		} else {
			postgres = p
		}
	}
	require.NotZero(t, clickhouse.pid, "no ClickHouse runs below process %d", server)
	require.NotZero(t, postgres.pid, "no PostgreSQL runs below process %d", server)
	return clickhouse, postgres
}

// requireGone fails the test when one of the processes is still there after a while.
func requireGone(t *testing.T, within time.Duration, processes []process) {
	t.Helper()
	testkit.Eventually(t, within, func() error {
		for _, p := range processes {
			if p.alive() {
				return fmt.Errorf("process %d is still there: %s", p.pid, p.command)
			}
		}
		return nil
	})
}

// requireNoneLeft fails the test when any process still works on a folder: one that has it as its current folder, or in its command line.
func requireNoneLeft(t *testing.T, folder string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	require.NoError(t, err)
	for _, link := range links {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		require.NoError(t, err)
		cwd, err := os.Readlink(link)
		if err != nil {
			continue // it ended meanwhile
		}
		p, ok := readProcess(pid)
		if !ok || p.state == 'Z' || pid == os.Getpid() {
			continue
		}
		require.False(t, strings.HasPrefix(cwd+"/", folder+"/") || strings.Contains(p.command, folder), "process %d is left over: %s", pid, p.command)
	}
}
