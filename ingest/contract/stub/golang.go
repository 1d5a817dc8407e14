package stub

import (
	"fmt"
	"go/format"
	"strconv"
	"strings"
)

// golang writes a Go file of package events that needs nothing but the standard library.
func golang(in Input, m *model, root *typ) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Generated from version %d of the subject %s. Do not edit: generate it again.\n\n", in.Version, comment(strconv.Quote(in.Subject)))
	b.WriteString("// Package events sends typed events to Observatory.\npackage events\n\n")
	b.WriteString("import (\n\"bytes\"\n\"context\"\n\"encoding/json\"\n\"fmt\"\n\"io\"\n\"net/http\"\n)\n\n")
	for _, t := range m.objects {
		goObject(&b, t)
	}
	for _, t := range m.enums {
		goEnum(&b, m, t)
	}
	fmt.Fprintf(&b, goTrack, root.name, comment(strconv.Quote(in.Event)), goQuote(in.Event))
	out, err := format.Source([]byte(b.String()))
	if err != nil {
		return b.String()
	}
	return string(out)
}

const goTrack = `// Track%[1]s sends one event %[2]s. The URL is the server's, as in https://observatory.example.com; eventID makes a retry count
// once, and one of userID and anonymousID may be empty.
func Track%[1]s(ctx context.Context, client *http.Client, url, key, eventID, userID, anonymousID string, properties %[1]s) error {
	body, err := json.Marshal(map[string]any{
		"event": %[3]s, "event_id": eventID, "user_id": userID, "anonymous_id": anonymousID, "properties": properties,
	})
	if err != nil {
		return fmt.Errorf("write the event: %%w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/events", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %%w", err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("send the event: %%w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("read the answer: %%w", err)
	}
	var said struct {
		Rejected []struct{ Code, Message string } ` + "`json:\"rejected\"`" + `
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the server answered %%s: %%s", answer.Status, text)
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("read the answer: %%w", err)
	}
	if len(said.Rejected) > 0 {
		return fmt.Errorf("the event was set aside: %%s: %%s", said.Rejected[0].Code, said.Rejected[0].Message)
	}
	return nil
}
`

func goObject(b *strings.Builder, t *typ) {
	fmt.Fprintf(b, "// %s holds properties of the event.%s\ntype %s struct {\n", t.name, about(t.doc), t.name)
	taken := map[string]bool{}
	for _, f := range t.fields {
		if strings.ContainsAny(f.name, "`\",\\") || f.name == "-" {
			fmt.Fprintf(b, "// The property %s cannot be named in Go.\n", comment(strconv.Quote(f.name)))
			continue
		}
		name := pascal(f.name)
		for taken[name] {
			name += "_"
		}
		taken[name] = true
		if f.doc != "" {
			fmt.Fprintf(b, "// %s\n", comment(f.doc))
		}
		typ, tag := goType(f.typ), f.name
		if !f.required {
			tag += ",omitempty"
			if !strings.HasPrefix(typ, "*") && !strings.HasPrefix(typ, "[]") && !strings.HasPrefix(typ, "map[") && typ != "any" {
				typ = "*" + typ
			}
		}
		fmt.Fprintf(b, "%s %s `json:\"%s\"`\n", name, typ, tag)
	}
	b.WriteString("}\n\n")
}

func goEnum(b *strings.Builder, m *model, t *typ) {
	fmt.Fprintf(b, "// %s is one of a few texts.\ntype %s string\n\n// The values of %s.\nconst (\n", t.name, t.name, t.name)
	for _, v := range t.values {
		fmt.Fprintf(b, "%s %s = %s\n", m.name(t.name+" "+v), t.name, goQuote(v))
	}
	b.WriteString(")\n\n")
}

func goType(t *typ) string {
	name := ""
	switch t.kind {
	case boolType:
		name = "bool"
	case intType:
		name = "int64"
	case floatType:
		name = "float64"
	case stringType:
		name = "string"
	case enumType, objectType:
		name = t.name
	case listType:
		return "[]" + goType(t.elem)
	case mapType:
		return "map[string]" + goType(t.elem)
	default:
		return "any"
	}
	if t.nullable {
		return "*" + name
	}
	return name
}

func goQuote(text string) string { return strconv.Quote(text) }
