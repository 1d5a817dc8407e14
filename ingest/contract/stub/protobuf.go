package stub

import (
	"fmt"
	"strings"
)

// protobuf writes the .proto file itself: its own compilers make better code than this package could. How to call them
// stands above it.
func protobuf(in Input) (filename, text string) {
	filename = snake(in.Event) + ".proto"
	plugin := map[Language]string{
		Go:         "buf.build/protocolbuffers/go",
		TypeScript: "buf.build/bufbuild/es",
		Python:     "buf.build/protocolbuffers/python",
	}[in.Lang]
	options := map[Language]string{Go: "paths=source_relative", TypeScript: "target=ts"}[in.Lang]
	var b strings.Builder
	fmt.Fprintf(&b, "// Version %d of the subject %s. To make code of it, save it as %s, write this into buf.gen.yaml beside it:\n//\n",
		in.Version, comment(quoted(in.Subject)), filename)
	b.WriteString("//   version: v2\n//   inputs:\n//     - directory: .\n//   plugins:\n")
	fmt.Fprintf(&b, "//     - remote: %s\n//       out: gen\n", plugin)
	if options != "" {
		fmt.Fprintf(&b, "//       opt: %s\n", options)
	}
	if in.Lang == Go && !strings.Contains(in.Text, "go_package") {
		b.WriteString("//   managed:\n//     enabled: true\n//     override:\n//       - file_option: go_package\n//         value: example.com/events/gen;events\n")
	}
	b.WriteString("//\n// and run:\n//\n//   buf generate\n//\n")
	fmt.Fprintf(&b, "// Send the event %s as POST /v1/events/{event} with Content-Type application/x-protobuf; the body is the byte 0, the schema's ID\n", comment(quoted(in.Event)))
	b.WriteString("// in 4 bytes, big-endian, the byte 0 for the file's first message, and the message.\n\n")
	b.WriteString(in.Text)
	return filename, b.String()
}
