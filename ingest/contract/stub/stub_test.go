package stub_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/contract/stub"
	"github.com/observatory/observatory/ingest/schema"
	avroformat "github.com/observatory/observatory/ingest/schema/avro"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
	protoformat "github.com/observatory/observatory/ingest/schema/protobuf"
)

const jsonText = `{"description":"What was bought. */ \\ \"\"\"","type":"object","required":["total","currency","line items"],"properties":{
	"total":{"type":"number","description":"In the currency.\nWith tax."},"currency":{"enum":["EUR","USD","1st","class"]},"count":{"type":"integer"},"class":{"type":"string"},"self":{"type":["string","null"]},
	"orderID":{"type":"string"},"order_id":{"type":"string"},"2nd":{"type":"boolean"},"back` + "`" + `tick":{"type":"string"},
	"line items":{"type":"array","items":{"type":"object","required":["sku"],"properties":{"sku":{"type":"string"},"price":{"type":["number","null"]},"parent":{"$ref":"#"}}}},
	"tags":{"type":"object","additionalProperties":{"type":"array","items":{"enum":["a","b"]}}},"anything":{},"either":{"anyOf":[{"type":"null"},{"type":"integer"}]},"Any":{"type":"object","properties":{"x":{"const":"k"}}}
}}`

const avroText = `{"type":"record","name":"Checkout","namespace":"shop","doc":"What was bought.","fields":[
	{"name":"total","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}},{"name":"currency","type":{"type":"enum","name":"Currency","symbols":["EUR","USD"]},"default":"EUR"},
	{"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[{"name":"sku","type":"string"},{"name":"next","type":["null","Item"],"default":null},{"name":"back","type":"Currency"}]}}},
	{"name":"class","type":["null","string"],"default":null},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"tags","type":{"type":"map","values":"long"}},{"name":"either","type":["int","string"]}
]}`

func write(t *testing.T, f schema.Format, typ schema.Type, text, event string, lang stub.Language) (name, code string) {
	t.Helper()
	p, err := f.Parse(schema.Text{Type: typ, Schema: text})
	require.NoError(t, err)
	name, code, err = stub.Write(stub.Input{Native: p.Native(), Text: text, Subject: "checkout */ \"\n", Version: 3, Event: event, Lang: lang})
	require.NoError(t, err)
	return name, code
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func save(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

// server takes events, and sets aside those without a currency.
func server(t *testing.T) (url string, got chan map[string]any) {
	t.Helper()
	got = make(chan map[string]any, 4)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/v1/events" || r.Header.Get("Authorization") != "Bearer key" || json.Unmarshal(body, &event) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		got <- event
		_, _ = w.Write([]byte(`{"accepted":1,"rejected":[]}`))
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func TestGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save(t, dir, "go.mod", "module stubs\n\ngo 1.21\n")
	for sub, make := range map[string]func() (string, string){
		"json": func() (string, string) {
			return write(t, jsonformat.Format{}, schema.JSON, jsonText, "checkout done", stub.Go)
		},
		"avro": func() (string, string) {
			return write(t, avroformat.Format{}, schema.Avro, avroText, "Checkout", stub.Go)
		},
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, sub), 0o700))
		name, code := make()
		save(t, filepath.Join(dir, sub), name, code)
	}
	url, got := server(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "send"), 0o700))
	save(t, filepath.Join(dir, "send"), "main.go", `package main

import (
	"context"
	"net/http"

	events "stubs/avro"
)

func main() {
	currency := events.CurrencyUsd
	if err := events.TrackCheckout(context.Background(), http.DefaultClient, "`+url+`", "key", "e-1", "u-1", "", events.Checkout{Total: 12.5, Currency: &currency, Items: []events.Item{{Sku: "s"}}}); err != nil {
		panic(err)
	}
}
`)
	run(t, dir, "go", "vet", "./...")
	run(t, dir, "go", "run", "./send")
	event := <-got
	require.Equal(t, "Checkout", event["event"])
	require.Equal(t, map[string]any{"total": 12.5, "currency": "USD", "items": []any{map[string]any{"sku": "s", "back": ""}}, "at": "", "tags": nil, "either": nil}, event["properties"])
}

func TestTypeScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tsc, err := filepath.Abs("../../../web/node_modules/typescript/bin/tsc")
	require.NoError(t, err)
	url, got := server(t)
	name, code := write(t, jsonformat.Format{}, schema.JSON, jsonText, "checkout done", stub.TypeScript)
	require.Equal(t, "checkout_done.ts", name)
	save(t, dir, name, code)
	name, code = write(t, avroformat.Format{}, schema.Avro, avroText, "Checkout", stub.TypeScript)
	save(t, dir, name, code)
	save(t, dir, "send.ts", `import { trackCheckoutDone } from "./checkout_done.js";
await trackCheckoutDone({ url: "`+url+`", key: "key" }, { event_id: "e-1", user_id: "u-1" }, { total: 12.5, currency: "USD", "line items": [{ sku: "s", price: null }] });
`)
	save(t, dir, "package.json", `{"type":"module"}`)
	run(t, dir, "node", tsc, "--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--lib", "es2022,dom", "checkout_done.ts", "checkout.ts", "send.ts")
	run(t, dir, "node", "send.js")
	event := <-got
	require.Equal(t, map[string]any{"total": 12.5, "currency": "USD", "line items": []any{map[string]any{"sku": "s", "price": nil}}}, event["properties"])
}

func TestPython(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, got := server(t)
	name, code := write(t, jsonformat.Format{}, schema.JSON, jsonText, "checkout done", stub.Python)
	require.Equal(t, "checkout_done.py", name)
	save(t, dir, name, code)
	name, code = write(t, avroformat.Format{}, schema.Avro, avroText, "Checkout", stub.Python)
	save(t, dir, name, code)
	run(t, dir, "python3", "-m", "py_compile", "checkout_done.py", "checkout.py")
	save(t, dir, "send.py", `from checkout import Checkout, Item, track_checkout
track_checkout("`+url+`", "key", Checkout(total=12.5, items=[Item(sku="s", back="EUR")], at="2026-11-21T10:00:00Z", tags={}, either=1, class_="c"), event_id="e-1", user_id="u-1")
import checkout_done
`)
	run(t, dir, "python3", "send.py")
	event := <-got
	require.Equal(t, map[string]any{"total": 12.5, "items": []any{map[string]any{"sku": "s", "back": "EUR"}}, "at": "2026-11-21T10:00:00Z", "tags": map[string]any{}, "either": 1.0, "class": "c"}, event["properties"])
}

// The comment above a .proto file leaves it as valid as it was.
func TestProtobuf(t *testing.T) {
	t.Parallel()
	const text = "syntax = \"proto3\";\npackage shop;\nmessage Checkout { double total = 1; }\n"
	for lang, plugin := range map[stub.Language]string{stub.Go: "buf.build/protocolbuffers/go", stub.TypeScript: "buf.build/bufbuild/es", stub.Python: "buf.build/protocolbuffers/python"} {
		name, code := write(t, protoformat.Format{}, schema.Protobuf, text, "Checkout", lang)
		require.Equal(t, "checkout.proto", name)
		require.Contains(t, code, "- remote: "+plugin)
		require.Contains(t, code, "buf generate")
		_, err := protoformat.Format{}.Parse(schema.Text{Type: schema.Protobuf, Schema: code})
		require.NoError(t, err)
	}
}

func TestNoStub(t *testing.T) {
	t.Parallel()
	for typ, text := range map[schema.Type]string{schema.Avro: `"string"`, schema.JSON: `{"type":"string"}`} {
		var f schema.Format = jsonformat.Format{}
		if typ == schema.Avro {
			f = avroformat.Format{}
		}
		p, err := f.Parse(schema.Text{Type: typ, Schema: text})
		require.NoError(t, err)
		_, _, err = stub.Write(stub.Input{Native: p.Native(), Event: "x", Lang: stub.Go})
		require.ErrorIs(t, err, stub.ErrNoStub)
	}
}
