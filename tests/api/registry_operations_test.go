package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

const registryPath = "/v1/schema-registry"

// registered is what a tenant has in its schema registry.
type registered struct {
	subject string // with two versions, the second of which refers to base
	base    string
	schema  struct {
		ID                int
		GUID, Fingerprint string
	}
}

func (o operation) ofRegistry() bool { return strings.HasPrefix(o.id, "registry") }

// register fills a tenant's registry.
func register(t *testing.T, a harness.Account, marker string) (r registered) {
	t.Helper()
	r.subject, r.base = "orders/"+marker, "base/"+marker
	put := func(subject string, body map[string]any) harness.Response {
		return a.Session.Post(t, registryPath+"/subjects/"+url.PathEscape(subject)+"/versions", body).Want(t, http.StatusOK)
	}
	put(r.base, map[string]any{"schema": fmt.Sprintf(`{"type":"enum","name":"Plan","doc":"%s","symbols":["pro"]}`, marker)})
	put(r.subject, map[string]any{"schema": fmt.Sprintf(`{"type":"record","name":"Order","doc":"%s","fields":[]}`, marker)}).JSON(t, &r.schema)
	put(r.subject, map[string]any{
		"schema":     fmt.Sprintf(`{"type":"record","name":"Order","doc":"%s","fields":[{"name":"plan","type":"Plan","default":"pro"}]}`, marker),
		"references": []any{map[string]any{"name": "Plan", "subject": r.base, "version": 1}},
	})
	a.Session.Do(t, "PUT", registryPath+"/config/"+url.PathEscape(r.subject), map[string]string{"compatibility": "FULL"}).Want(t, http.StatusOK)
	a.Session.Do(t, "PUT", registryPath+"/mode/"+url.PathEscape(r.subject), map[string]string{"mode": "READWRITE"}).Want(t, http.StatusOK)
	return r
}

// unregistered is about schemas that nobody has.
func unregistered() (r registered) {
	r.subject, r.base = "nobody's", "nobody's"
	r.schema.ID, r.schema.GUID, r.schema.Fingerprint = 2147483647, "00000000-0000-7000-8000-000000000000", strings.Repeat("0", 64)
	return r
}

// operations has a request for every operation of the registry. In this order each of them succeeds for the tenant whose registry it is.
func (r registered) operations() []operation {
	subject, base := url.PathEscape(r.subject), url.PathEscape(r.base)
	id := fmt.Sprint(r.schema.ID)
	text := map[string]any{"schema": `{"type":"record","name":"Order","fields":[]}`}
	level, mode := map[string]any{"compatibility": "NONE"}, map[string]any{"mode": "READWRITE"}
	const noSubject, noSchema = "schema_subject_not_found", "schema_not_found"
	get := func(id, path, theirs string) operation {
		return operation{id: id, method: "GET", path: registryPath + path, may: lookingUp, status: 200, theirs: theirs}
	}
	send := func(id, method, path string, may access, body any, theirs string) operation {
		return operation{id: id, method: method, path: registryPath + path, may: may, body: body, status: 200, theirs: theirs}
	}
	return []operation{
		get("registryRoot", "", ""), get("registryListContexts", "/contexts", ""), get("registryListTypes", "/schemas/types", ""),
		get("registryListSubjects", "/subjects?deleted=true", ""), get("registryListSchemas", "/schemas?deleted=true", ""),
		get("registryListVersions", "/subjects/"+subject+"/versions", noSubject),
		get("registryGetVersion", "/subjects/"+subject+"/versions/1", noSubject),
		get("registryGetVersionText", "/subjects/"+subject+"/versions/latest/schema", noSubject),
		get("registryListReferrers", "/subjects/"+base+"/versions/1/referencedby", noSubject),
		get("registryGetSchema", "/schemas/ids/"+id, noSchema), get("registryGetSchemaText", "/schemas/ids/"+id+"/schema", noSchema),
		get("registryListSchemaSubjects", "/schemas/ids/"+id+"/subjects", noSchema), get("registryListSchemaVersions", "/schemas/ids/"+id+"/versions", noSchema),
		get("registryGetSchemaByUUID", "/schemas/guids/"+r.schema.GUID, noSchema),
		get("registryGetSchemaByFingerprint", "/schemas/fingerprints/"+r.schema.Fingerprint, ""), // somebody else may have one with the same
		get("registryGetConfig", "/config", ""), get("registryGetConfigOfSubject", "/config/"+subject, "compatibility_level_not_set"),
		get("registryGetMode", "/mode", ""), get("registryGetModeOfSubject", "/mode/"+subject, "schema_mode_not_set"),
		send("registryRegister", "POST", "/subjects/spare/versions", declaring, text, ""),
		send("registryLookup", "POST", "/subjects/spare", lookingUp, text, ""),
		send("registryCompareVersion", "POST", "/compatibility/subjects/"+subject+"/versions/1?verbose=true", lookingUp, text, noSubject),
		send("registryCompare", "POST", "/compatibility/subjects/spare/versions", lookingUp, text, ""),
		send("registrySetConfig", "PUT", "/config", declaring, level, ""), send("registryUnsetConfig", "DELETE", "/config", declaring, nil, ""),
		send("registrySetConfigOfSubject", "PUT", "/config/spare", declaring, level, ""),
		send("registryUnsetConfigOfSubject", "DELETE", "/config/"+subject, declaring, nil, "compatibility_level_not_set"),
		send("registrySetMode", "PUT", "/mode", declaring, mode, ""), send("registryUnsetMode", "DELETE", "/mode", declaring, nil, ""),
		send("registrySetModeOfSubject", "PUT", "/mode/spare", declaring, mode, ""),
		send("registryUnsetModeOfSubject", "DELETE", "/mode/"+subject, declaring, nil, "schema_mode_not_set"),
		send("registryDeleteVersion", "DELETE", "/subjects/"+subject+"/versions/2", declaring, nil, noSubject),
		send("registryDeleteSubject", "DELETE", "/subjects/"+subject, declaring, nil, noSubject),
	}
}

// wantRegistryError fails the test when the answer is not an error of the registry's own form.
func wantRegistryError(t *testing.T, r harness.Response, status int, code string) {
	t.Helper()
	r.Want(t, status)
	problem := harness.As[struct {
		ErrorCode int `json:"error_code"`
		Message   string
	}](t, r)
	require.NotZero(t, problem.ErrorCode)
	require.NotEmpty(t, problem.Message)
	require.Equal(t, code, r.Code())
}
