package search

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// A file of ClickHouse that is compressed is a sequence of blocks: a checksum of 16 bytes, the method, the size of the block without the
// checksum, the size of what it holds, and that, packed.
const (
	checksum = 16
	header   = 1 + 4 + 4

	asIs    = 0x02
	byLZ4   = 0x82
	byZSTD  = 0x90
	several = 0x91 // a count, the methods, and a block that was packed by all of them, one after the other
	delta   = 0x92 // of numbers, in which no text is
)

// blocks are the contents of a file's blocks. Of a file that is none of blocks there are none.
func blocks(file []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for first := true; len(file) > checksum+header; first = false {
			size, ok := sizeOf(file[checksum:])
			if !ok {
				if !first {
					yield(nil, errors.New("a block of no known form"))
				}
				return
			}
			content, err := unpack(file[checksum : checksum+size])
			if err != nil && first {
				return // it only looked like one
			}
			if !yield(content, err) || err != nil {
				return
			}
			file = file[checksum+size:]
		}
	}
}

func sizeOf(block []byte) (size int, ok bool) {
	switch block[0] {
	case asIs, byLZ4, byZSTD, several, delta:
	default:
		return 0, false
	}
	size = int(binary.LittleEndian.Uint32(block[1:]))
	return size, size > header && size <= len(block)
}

func unpack(block []byte) ([]byte, error) {
	const most = 256 << 20
	raw := int(binary.LittleEndian.Uint32(block[5:]))
	body := block[header:]
	if raw > most {
		return nil, fmt.Errorf("a block of %d bytes", raw)
	}
	switch block[0] {
	case byLZ4:
		out := make([]byte, raw)
		n, err := lz4.UncompressBlock(body, out)
		return out[:max(n, 0)], err
	case byZSTD:
		reader, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		return reader.DecodeAll(body, make([]byte, 0, raw))
	case several:
		n := int(body[0])
		inner := body[1+n:]
		for range n {
			if _, ok := sizeOf(inner); !ok {
				return nil, errors.New("a block within a block of no known form")
			}
			var err error
			if inner, err = unpack(inner); err != nil {
				return nil, err
			}
		}
		return inner, nil
	default:
		return body, nil
	}
}
