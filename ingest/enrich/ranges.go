package enrich

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/gaissmai/bart"
)

// Ranges is a list of data centres' networks. It is for many goroutines.
type Ranges struct {
	file file
	in   atomic.Pointer[bart.Table[[]byte]] // to the reason that the bot step gives
}

// maxRanges bounds the list: all cloud providers together publish less than a tenth of that.
const maxRanges = 1_000_000

// OpenRanges reads a list: one network such as 203.0.113.0/24 or one address a line; what follows a # is a remark. Errors
// name the file and the line.
func OpenRanges(path string) (*Ranges, error) {
	r := &Ranges{file: file{path: path}}
	if _, err := r.Refresh(); err != nil {
		return nil, err
	}
	return r, nil
}

// Refresh reads the file again if it has changed, and tells whether it did. After an error what was read before remains.
func (r *Ranges) Refresh() (bool, error) {
	return r.file.read(func(content []byte) error {
		table, err := readRanges(content)
		if err == nil {
			r.in.Store(table)
		}
		return err
	})
}

func readRanges(content []byte) (*bart.Table[[]byte], error) {
	table := new(bart.Table[[]byte])
	lines := bufio.NewScanner(bytes.NewReader(content))
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("line %d is not a network such as 203.0.113.0/24", number)
		}
		if table.Insert(network, []byte("data centre: "+network.String())); table.Size() > maxRanges {
			return nil, fmt.Errorf("it has more than %d networks", maxRanges)
		}
	}
	if lines.Err() != nil {
		return nil, errors.New("it has a line that is too long")
	}
	return table, nil
}

// parseNetwork reads a network, or an address as a network of one.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err
}

// find returns the reason why an address is a data centre's; nil: it is not.
func (r *Ranges) find(addr netip.Addr) []byte {
	if !addr.IsValid() {
		return nil
	}
	reason, _ := r.in.Load().Lookup(addr)
	return reason
}
