package schema

import "github.com/observatory/observatory/internal/fault"

// What goes wrong in a registry besides schemas that are malformed (CodeInvalid) or incompatible (ErrIncompatible).
var (
	ErrSubjectNotFound = fault.New(fault.NotFound, "schema_subject_not_found", "There is no such subject.")
	ErrVersionNotFound = fault.New(fault.NotFound, "schema_version_not_found", "The subject has no such version.")
	ErrSchemaNotFound  = fault.New(fault.NotFound, "schema_not_found", "There is no such schema.")

	ErrSubjectDeleted    = fault.New(fault.NotFound, "schema_subject_deleted", "The subject was deleted already. Set permanent=true to delete it for good.")
	ErrVersionDeleted    = fault.New(fault.NotFound, "schema_version_deleted", "The version was deleted already. Set permanent=true to delete it for good.")
	ErrSubjectNotDeleted = fault.New(fault.NotFound, "schema_subject_not_deleted", "Delete the subject without permanent=true first.")
	ErrVersionNotDeleted = fault.New(fault.NotFound, "schema_version_not_deleted", "Delete the version without permanent=true first.")
	ErrReferenced        = fault.New(fault.Conflict, "schema_referenced", "Another schema refers to it. Delete that one first.")
	ErrReferenceMissing  = fault.New(fault.Invalid, CodeInvalid, "A schema that this one refers to is no longer registered.")

	ErrVersionInvalid = fault.New(fault.Invalid, "schema_version_invalid", "A version is a number from 1 to 2147483647, or `latest`.")
	ErrTypeUnknown    = fault.New(fault.Invalid, CodeInvalid, "The schema type must be AVRO, JSON or PROTOBUF.")
	ErrLevelNotSet    = fault.New(fault.NotFound, "compatibility_level_not_set", "The subject has no compatibility level of its own.")
	ErrModeNotSet     = fault.New(fault.NotFound, "schema_mode_not_set", "The subject has no mode of its own.")
	ErrModeUnknown    = fault.New(fault.Invalid, "schema_mode_unknown", "The mode must be READWRITE or READONLY.")
	ErrReadOnly       = fault.New(fault.Forbidden, "schema_read_only", "The subject is in the mode READONLY.")
	ErrNotNext        = fault.New(fault.Invalid, "schema_id_not_free", "IDs and versions are given by the registry. Leave them out, or send those that it gave.")
	ErrRegistryFull   = fault.New(fault.Invalid, "schema_registry_full", "The registry is full.")
	ErrPageTooLarge   = fault.New(fault.Invalid, "schema_page_too_large", "These schemas are too large for one answer. Ask for fewer with `limit` and `offset`.")
)
