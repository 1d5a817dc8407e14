// Package search looks for texts in every file below a folder, as somebody would who has got hold of the disk: in the bytes as they are, and
// in what ClickHouse, Parquet and zip files hold once they are unpacked.
package search

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Hit is a text that was found.
type Hit struct {
	Text   string
	File   string // relative to the folder
	Around string // what stands there
}

func (h Hit) String() string { return fmt.Sprintf("%s in %s: %q", h.Text, h.File, h.Around) }

// Below looks for the texts in all files below a folder. A file that is removed meanwhile is not there. At most one hit for each text and file.
func Below(folder string, texts ...string) ([]Hit, error) {
	var hits []Hit
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path) //nolint:gosec // what is looked through
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		l := look{texts: texts, file: name}
		l.in([]byte(name))
		l.in(content)
		if err := l.unpacked(content); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
		hits = append(hits, l.hits...)
		return nil
	})
	return hits, err
}

// look goes through one file.
type look struct {
	texts []string
	file  string
	hits  []Hit
}

func (l *look) in(content []byte) {
	for _, text := range l.texts {
		at := bytes.Index(content, []byte(text))
		if at < 0 || l.has(text) {
			continue
		}
		around := content[max(0, at-60):min(len(content), at+len(text)+60)]
		l.hits = append(l.hits, Hit{Text: text, File: l.file, Around: string(around)})
	}
}

func (l *look) has(text string) bool {
	for _, h := range l.hits {
		if h.Text == text {
			return true
		}
	}
	return false
}

// unpacked looks into what a file holds in another form.
func (l *look) unpacked(content []byte) error {
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return l.zipped(content)
	case bytes.HasPrefix(content, []byte("PAR1")):
		return l.parquet(content)
	case strings.Contains(l.file, "clickhouse"):
		for block, err := range blocks(content) {
			if err != nil {
				return err
			}
			l.in(block)
		}
	}
	return nil
}

func (l *look) zipped(content []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	for _, f := range archive.File {
		opened, err := f.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(opened)
		if err != nil {
			return err
		}
		l.in(text)
	}
	return nil
}
