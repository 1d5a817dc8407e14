package stub

import (
	"encoding/json"
	"fmt"
	"strings"
)

// typescript writes a module that needs nothing but fetch.
func typescript(in Input, m *model, root *typ) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Generated from version %d of the subject %s. Do not edit: generate it again.\n\n", in.Version, comment(quoted(in.Subject)))
	for _, t := range m.objects {
		fmt.Fprintf(&b, "/** Properties of the event.%s */\nexport interface %s {\n", about(t.doc), t.name)
		for _, f := range t.fields {
			if f.doc != "" {
				fmt.Fprintf(&b, "  /** %s */\n", comment(f.doc))
			}
			optional := "?"
			if f.required {
				optional = ""
			}
			fmt.Fprintf(&b, "  %s%s: %s;\n", quoted(f.name), optional, tsType(f.typ))
		}
		b.WriteString("}\n\n")
	}
	for _, t := range m.enums {
		values := make([]string, len(t.values))
		for i, v := range t.values {
			values[i] = quoted(v)
		}
		fmt.Fprintf(&b, "export type %s = %s;\n\n", t.name, strings.Join(values, " | "))
	}
	fmt.Fprintf(&b, tsTrack, root.name, comment(quoted(in.Event)), quoted(in.Event))
	return b.String()
}

const tsTrack = `export interface Sender {
  /** Of the server, as in https://observatory.example.com */
  url: string;
  key: string;
}

export interface Who {
  /** Makes a retry count once. */
  event_id: string;
  user_id?: string;
  anonymous_id?: string;
}

/** Sends one event %[2]s. It throws when the server cannot be reached, or sets the event aside. */
export async function track%[1]s(sender: Sender, who: Who, properties: %[1]s): Promise<void> {
  const answer = await fetch(sender.url + "/v1/events", {
    method: "POST",
    headers: { Authorization: "Bearer " + sender.key, "Content-Type": "application/json" },
    body: JSON.stringify({ event: %[3]s, ...who, properties }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error("the server answered " + answer.status + ": " + text);
  const said = JSON.parse(text) as { rejected?: { code: string; message: string }[] };
  const rejected = said.rejected?.[0];
  if (rejected) throw new Error("the event was set aside: " + rejected.code + ": " + rejected.message);
}
`

func tsType(t *typ) string {
	name := "unknown"
	switch t.kind {
	case boolType:
		name = "boolean"
	case intType, floatType:
		name = "number"
	case stringType:
		name = "string"
	case enumType, objectType:
		name = t.name
	case listType:
		name = "Array<" + tsType(t.elem) + ">"
	case mapType:
		name = "Record<string, " + tsType(t.elem) + ">"
	case anyType:
	}
	if t.nullable && t.kind != anyType {
		return name + " | null"
	}
	return name
}

// quoted is a text as a literal of TypeScript and Python, both of which understand JSON's.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(b)
}
