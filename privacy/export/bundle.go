package export

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"
)

const manifestFile = "manifest.json"

// bundle writes a ZIP archive, one file after the other, as its records come. It holds none of them.
type bundle struct {
	zip     *zip.Writer
	at      time.Time
	entries []Entry
}

func newBundle(w io.Writer, at time.Time) *bundle { return &bundle{zip: zip.NewWriter(w), at: at} }

// member is a file of the archive that is being written to.
type member struct {
	to    *bufio.Writer
	sum   hash.Hash
	entry Entry
}

func (m *member) Write(p []byte) (int, error) {
	m.sum.Write(p)
	m.entry.Bytes += int64(len(p))
	return m.to.Write(p)
}

// add writes a record as a line.
func (m *member) add(record any) error {
	line, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("write a record of %s: %w", m.entry.Name, err)
	}
	m.entry.Records++
	_, err = m.Write(append(line, '\n'))
	return err
}

// file writes a file of the archive.
func (b *bundle) file(name, about string, write func(*member) error) error {
	to, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.at})
	if err != nil {
		return fmt.Errorf("begin %s: %w", name, err)
	}
	m := &member{to: bufio.NewWriterSize(to, 64<<10), sum: sha256.New(), entry: Entry{Name: name, About: about}}
	if err := write(m); err != nil {
		return err
	}
	if err := m.to.Flush(); err != nil {
		return fmt.Errorf("end %s: %w", name, err)
	}
	m.entry.SHA256 = hex.EncodeToString(m.sum.Sum(nil))
	b.entries = append(b.entries, m.entry)
	return nil
}

// document writes a file with one JSON document, for people too.
func (b *bundle) document(name, about string, records int64, document any) error {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return b.file(name, about, func(m *member) error {
		m.entry.Records = records
		_, err := m.Write(append(text, '\n'))
		return err
	})
}

// records are the counts of the files that have some, by name.
func (b *bundle) records() map[string]int64 {
	counts := map[string]int64{}
	for _, e := range b.entries {
		if e.Name != schemaFile && e.Name != manifestFile {
			counts[e.Name] = e.Records
		}
	}
	return counts
}

// close writes the manifest and ends the archive.
func (b *bundle) close(m Manifest) error {
	m.Format, m.Files = ManifestFormat, b.entries
	if err := b.document(manifestFile, "", 0, m); err != nil {
		return err
	}
	return b.zip.Close()
}
