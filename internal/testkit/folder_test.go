package testkit

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFoldersOfKilledProcessesAreRemoved(t *testing.T) {
	t.Parallel()
	age := func(dir string) {
		t.Helper()
		old := time.Now().Add(-2 * settled)
		require.NoError(t, os.Chtimes(filepath.Join(dir, folderLock), old, old))
	}
	inUse, lock, err := newFolder()
	require.NoError(t, err)
	defer func() { _ = os.RemoveAll(inUse) }()
	defer func() { _ = lock.Close() }()
	age(inUse)

	left, lock, err := newFolder()
	require.NoError(t, err)
	require.NoError(t, lock.Close()) // as the end of its process would
	young, lock, err := newFolder()
	require.NoError(t, err)
	defer func() { _ = os.RemoveAll(young) }()
	require.NoError(t, lock.Close())
	age(left)

	sweep()
	require.DirExists(t, inUse)
	require.DirExists(t, young)
	require.NoDirExists(t, left)
}
