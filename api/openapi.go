package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// contract is the OpenAPI document that the generated types were made from.
//
//go:embed openapi.yaml
var contract []byte

// contractJSON is the contract as JSON, everything in the order in which it was written.
func contractJSON() ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(contract, &doc); err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	var out bytes.Buffer
	err := writeJSON(&out, doc.Content[0])
	return out.Bytes(), err
}

func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return writeList(out, n.Content, "{:}")
	case yaml.SequenceNode:
		return writeList(out, n.Content, "[,]")
	default:
		var value any
		if err := n.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		text, err := json.Marshal(value)
		out.Write(text)
		return err
	}
}

// writeList writes nodes in brackets. In a mapping, whose keys and values take turns, every other separator is the one in the middle.
func writeList(out *bytes.Buffer, nodes []*yaml.Node, brackets string) error {
	out.WriteByte(brackets[0])
	for i, n := range nodes {
		switch {
		case i == 0:
		case i%2 == 1:
			out.WriteByte(brackets[1])
		default:
			out.WriteByte(',')
		}
		if err := writeJSON(out, n); err != nil {
			return err
		}
	}
	out.WriteByte(brackets[2])
	return nil
}
