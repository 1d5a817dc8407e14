package objects_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/internal/objects/objectstest"
)

// Every kind of store goes through the same.
func TestStores(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(*testing.T) string{
		"folder":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "not", "there") },
		"s3":       func(t *testing.T) string { return objectstest.S3(t, false) },
		"versions": func(t *testing.T) string { return objectstest.S3(t, true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := objects.Open(t.Context(), address(t))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			t.Run("whole", func(t *testing.T) { t.Parallel(); whole(t, s) })
			t.Run("lists", func(t *testing.T) { t.Parallel(); lists(t, s) })
			t.Run("aborted", func(t *testing.T) { t.Parallel(); aborted(t, s) })
			t.Run("forgets", func(t *testing.T) { t.Parallel(); forgets(t, s) })
		})
	}
}

func open(t *testing.T, address string) *objects.Store {
	s, err := objects.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func whole(t *testing.T, s *objects.Store) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than one part of an upload
	size, sum, err := s.Put(t.Context(), "a=1/b=2/file.bin", bytes.NewReader(big))
	require.NoError(t, err)
	want := sha256.Sum256(big)
	require.EqualValues(t, len(big), size)
	require.Equal(t, hex.EncodeToString(want[:]), sum)

	r, err := s.Open(t.Context(), "a=1/b=2/file.bin")
	require.NoError(t, err)
	all, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.True(t, bytes.Equal(big, all))

	r, err = s.OpenRange(t.Context(), "a=1/b=2/file.bin", 16<<10+3, 5)
	require.NoError(t, err)
	all, err = io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "34567", string(all))

	_, _, err = s.Put(t.Context(), "a=1/b=2/file.bin", strings.NewReader("new"))
	require.NoError(t, err)
	all, err = s.Read(t.Context(), "a=1/b=2/file.bin")
	require.NoError(t, err)
	require.Equal(t, "new", string(all))
	size, err = s.Size(t.Context(), "a=1/b=2/file.bin")
	require.NoError(t, err)
	require.EqualValues(t, 3, size)

	require.NoError(t, s.Delete(t.Context(), "a=1/b=2/file.bin"))
	require.NoError(t, s.Delete(t.Context(), "a=1/b=2/file.bin"), "once more does no harm")
	_, err = s.Open(t.Context(), "a=1/b=2/file.bin")
	require.ErrorIs(t, err, objects.ErrNotFound)
	_, err = s.Size(t.Context(), "a=1/b=2/file.bin")
	require.ErrorIs(t, err, objects.ErrNotFound)
}

func keys(t *testing.T, s *objects.Store, prefix string) []string {
	var found []string
	for o, err := range s.List(t.Context(), prefix) {
		require.NoError(t, err)
		require.EqualValues(t, 1, o.Size)
		require.WithinDuration(t, time.Now(), o.Modified, time.Minute)
		found = append(found, o.Key)
	}
	return found
}

func lists(t *testing.T, s *objects.Store) {
	for _, key := range []string{"l/x=1/a", "l/x=1/b/c", "l/x=2/a", "l/x=10/a"} {
		_, _, err := s.Put(t.Context(), key, strings.NewReader("1"))
		require.NoError(t, err)
	}
	require.Equal(t, []string{"l/x=1/a", "l/x=1/b/c", "l/x=10/a"}, keys(t, s, "l/x=1"))
	require.Equal(t, []string{"l/x=1/a", "l/x=1/b/c"}, keys(t, s, "l/x=1/"))
	require.Empty(t, keys(t, s, "l/y/"))
	folders, err := s.Folders(t.Context(), "l/")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"x=1", "x=10", "x=2"}, folders)
}

// What is not closed is not there, and leaves nothing behind.
func aborted(t *testing.T, s *objects.Store) {
	w, err := s.Create(t.Context(), "w/one")
	require.NoError(t, err)
	_, err = w.Write([]byte("secret"))
	require.NoError(t, err)
	require.Empty(t, keys(t, s, "w/"))
	w.Abort()
	require.Empty(t, keys(t, s, "w/"))

	ctx, cancel := context.WithCancel(t.Context())
	_, _, err = s.Put(ctx, "w/two", io.MultiReader(strings.NewReader("begun"), failing{cancel}))
	require.Error(t, err)
	require.Empty(t, keys(t, s, "w/"))
}

type failing struct{ before func() }

func (f failing) Read([]byte) (int, error) { f.before(); return 0, errors.New("the disk is gone") }

// What was deleted or replaced can be removed for good, also where a bucket keeps versions; what is there stays.
func forgets(t *testing.T, s *objects.Store) {
	for _, text := range []string{"1", "2", "3"} {
		_, _, err := s.Put(t.Context(), "f/kept", strings.NewReader(text))
		require.NoError(t, err)
		_, _, err = s.Put(t.Context(), "f/gone", strings.NewReader(text))
		require.NoError(t, err)
	}
	require.NoError(t, s.Delete(t.Context(), "f/gone"))
	_, err := s.Forget(t.Context(), "f/")
	require.NoError(t, err)
	left, err := s.Forget(t.Context(), "f/")
	require.NoError(t, err)
	require.Zero(t, left)
	require.Equal(t, []string{"f/kept"}, keys(t, s, "f/"))
	all, err := s.Read(t.Context(), "f/kept")
	require.NoError(t, err)
	require.Equal(t, "3", string(all))
}

func TestVersionsAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t, objectstest.S3(t, true))
	for range 3 {
		_, _, err := s.Put(t.Context(), "f/x", strings.NewReader("1"))
		require.NoError(t, err)
	}
	require.NoError(t, s.Delete(t.Context(), "f/x"))
	removed, err := s.Forget(t.Context(), "f/")
	require.NoError(t, err)
	require.Equal(t, 4, removed, "three versions, and the mark of their deletion")
}

// A process that dies while it writes leaves a file that no listing shows, and that is forgotten after an hour.
func TestFolderForgetsWhatWasCutShort(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, "file://"+folder)
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "d"), 0o700))
	old, young := filepath.Join(folder, "d", "a.17f.tmp"), filepath.Join(folder, "d", "b.17f.tmp")
	for _, path := range []string{old, young} {
		require.NoError(t, os.WriteFile(path, []byte("part"), 0o600))
	}
	past := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(old, past, past))
	require.Empty(t, keys(t, s, "d/"))
	removed, err := s.Forget(t.Context(), "d/")
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.NoFileExists(t, old)
	require.FileExists(t, young)
	removed, err = s.ForgetDead(t.Context(), "d/", func(key string) bool { return key == "d/b" })
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.NoFileExists(t, young)
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	s := open(t, "s3://a:b@bucket?endpoint=http://127.0.0.1:1&path-style=true")
	_, err := s.Read(t.Context(), "x")
	require.ErrorIs(t, err, objects.ErrUnavailable)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"/a/b", "a", "file:///a", "s3://b", "s3://k:s@b/p/q?region=x&endpoint=https://h:1&path-style=true"} {
		_, err := objects.Parse(address)
		require.NoError(t, err, address)
	}
	for _, address := range []string{"", "file://", "http://h", "s3://", "s3:///p", "s3://b?bucket=x", "s3://b?endpoint=h:1", "s3://b?endpoint=ftp://h", "gs://b"} {
		_, err := objects.Parse(address)
		require.Error(t, err, address)
	}
	_, err := objects.Parse("s3://key:hunter2@b?endpoint=:")
	require.NotContains(t, err.Error(), "hunter2")
}
