package stub

import (
	"fmt"
	"slices"
	"strings"
)

// python writes a module for Python 3.9 and later that needs nothing but the standard library.
func python(in Input, m *model, root *typ) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Generated from version %d of the subject %s. Do not edit: generate it again.\n\n", in.Version, comment(quoted(in.Subject)))
	b.WriteString("from __future__ import annotations\n\nimport json\nimport urllib.request\nfrom dataclasses import dataclass\nfrom typing import Any, Dict, List, Literal, Optional\n\n")
	for _, t := range m.enums {
		values := make([]string, len(t.values))
		for i, v := range t.values {
			values[i] = quoted(v)
		}
		fmt.Fprintf(&b, "%s = Literal[%s]\n", t.name, strings.Join(values, ", "))
	}
	for _, t := range m.objects {
		pythonObject(&b, t)
	}
	fmt.Fprintf(&b, pythonTrack, snake(root.name), root.name, quoted(in.Event))
	return b.String()
}

const pythonTrack = `

def _plain(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def track_%[1]s(url: str, key: str, properties: %[2]s, *, event_id: str, user_id: str = "", anonymous_id: str = "") -> None:
    """Sends one event. It raises when the server cannot be reached, or sets the event aside. event_id makes a retry count once."""
    body = {"event": %[3]s, "event_id": event_id, "user_id": user_id, "anonymous_id": anonymous_id, "properties": properties.to_json()}
    request = urllib.request.Request(
        url + "/v1/events",
        data=json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        rejected = json.load(answer).get("rejected")
    if rejected:
        raise ValueError("the event was set aside: " + rejected[0]["code"] + ": " + rejected[0]["message"])
`

func pythonObject(b *strings.Builder, t *typ) {
	fmt.Fprintf(b, "\n\n@dataclass\nclass %s:\n    # Properties of the event.%s\n", t.name, about(t.doc))
	fields := slices.Clone(t.fields)
	slices.SortStableFunc(fields, func(a, c field) int { // those with a default come last
		switch {
		case a.required == c.required:
			return 0
		case a.required:
			return -1
		default:
			return 1
		}
	})
	names := make([]string, len(fields))
	taken := map[string]bool{"to_json": true}
	for i, f := range fields {
		name := snake(f.name)
		for taken[name] || slices.Contains(pythonWords(), name) {
			name += "_"
		}
		taken[name], names[i] = true, name
		if f.doc != "" {
			fmt.Fprintf(b, "    # %s\n", comment(f.doc))
		}
		if f.required {
			fmt.Fprintf(b, "    %s: %s\n", name, pythonType(f.typ))
		} else {
			fmt.Fprintf(b, "    %s: %s = None\n", name, pythonType(orNull(f.typ, true)))
		}
	}
	b.WriteString("\n    def to_json(self) -> Dict[str, Any]:\n        out: Dict[str, Any] = {}\n")
	for i, f := range fields {
		indent := "        "
		if !f.required {
			fmt.Fprintf(b, "        if self.%s is not None:\n", names[i])
			indent += "    "
		}
		fmt.Fprintf(b, "%sout[%s] = _plain(self.%s)\n", indent, quoted(f.name), names[i])
	}
	b.WriteString("        return out\n")
}

func pythonType(t *typ) string {
	name := "Any"
	switch t.kind {
	case boolType:
		name = "bool"
	case intType:
		name = "int"
	case floatType:
		name = "float"
	case stringType:
		name = "str"
	case enumType, objectType:
		name = t.name
	case listType:
		name = "List[" + pythonType(t.elem) + "]"
	case mapType:
		name = "Dict[str, " + pythonType(t.elem) + "]"
	case anyType:
	}
	if t.nullable && t.kind != anyType {
		return "Optional[" + name + "]"
	}
	return name
}

func pythonWords() []string {
	return []string{
		"and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except", "false", "finally", "for", "from", "global", "if",
		"import", "in", "is", "lambda", "none", "nonlocal", "not", "or", "pass", "raise", "return", "self", "true", "try", "while", "with", "yield", "match", "case",
		"json", "urllib", "dataclass",
	}
}
