// Package inventory declares what every table of both stores holds of people. A test compares it with the tables that there are: a new table,
// or a new column that can hold a text, fails until somebody has said here what may stand in it, and which copy looks after that.
package inventory

// Table is a table of one of the stores, with its columns that can hold texts. All others hold numbers, times and IDs of ours.
type Table struct {
	Name     string
	Copy     string // by which the data of subjects in it is found and erased; "" where there is none
	Subjects string // columns, with blanks between them, in which data of subjects stands, or may come to stand
	Other    string // columns in which none does
	Why      string // it holds none, where there is no copy
	Stays    bool   // of PostgreSQL, with tenant_id: it stays when the whole tenant is erased
}

// Reasons why there is no data of subjects.
const (
	members     = "about members of the organisation: they are no subjects of its requests"
	settings    = "what the organisation has declared or named"
	ours        = "written by Observatory: IDs, counts, states, times"
	keys        = "keys, hashes and sealed secrets"
	sealed      = "subjects stand in it sealed while their request is open, afterwards as keyed hashes"
	evidence    = "counts, numbers of versions and words of ours: copies put nothing else into it"
	testedNotes = "what a request says about copies and history, which a test searches for identifiers"
)

// ClickHouse are the tables of the store of events. The rows of a copy go as a whole, or with their hours.
func ClickHouse() []Table {
	const event = "event event_id user_id anonymous_id session_id properties context correlation_id sdk_name sdk_version violations_code violations_path violations_message redactions bot facts"
	return []Table{
		{Name: "events", Copy: "events", Subjects: event},
		{Name: "held_events", Copy: "held-events", Subjects: event, Other: "reason"},
		{Name: "dead_letters", Copy: "quarantine", Subjects: "event_id event message payload correlation_id user_id anonymous_id path sdk_name sdk_version", Other: "code redactions"},
		{Name: "receipts", Copy: "receipts", Subjects: "correlation_id event_ids exceptions_message", Other: "exceptions_code"},
		{Name: "repairs", Other: "message", Why: ours},
		{Name: "ledger", Why: ours},
		{Name: "removals", Why: ours},
		{Name: "removed_usage", Why: ours},
		{Name: "removed_users", Why: "hashes of 64 bits, under a key that is not there, of people who counted in a month and were removed, so that nobody is billed twice; gone 80 days after the month began"},
		{Name: "marks", Why: ours},
		{Name: "rollup_hours", Copy: "rollups", Other: "breakdowns gaps"},
		{Name: "rollup_events", Copy: "rollups", Subjects: "people", Other: "event"},
		{Name: "rollup_numbers", Copy: "rollups", Other: "event property"},
		{Name: "rollup_values", Copy: "rollups", Subjects: "value people", Other: "event path"},
		{Name: "rollup_sessions", Copy: "rollups", Subjects: "session_id"},
		{Name: "rollup_people", Copy: "rollups", Subjects: "user_id anonymous_id first_event_id"},
		{Name: "rollup_aliases", Copy: "rollups", Subjects: "previous_id user_id event_id"},
		{Name: "identities", Copy: "profiles", Subjects: "id person"},
		{Name: "erasing", Other: "field hash", Why: "hashes of what is being erased, for as long as that takes"},
		{Name: "erasures", Other: "table_name", Why: ours},
		{Name: "erased_hours", Why: ours},
		{Name: "goose_db_version", Why: ours},
	}
}

// Postgres are the tables of the control plane.
func Postgres() []Table {
	return []Table{
		// work
		{Name: "jobs", Copy: "jobs", Subjects: "params unique_key progress cursor error", Other: "kind queue state wanted schedule correlation_id created_by asked_by worker"},
		{Name: "job_attempts", Copy: "jobs", Subjects: "error cause", Other: "kind worker outcome"},
		{Name: "replays", Copy: "jobs", Subjects: "spec progress error", Other: "kind state created_by"},
		{Name: "schedules", Other: "name kind", Why: ours},
		{Name: "workers", Other: "id host slots", Why: ours},

		// what watches over data
		{Name: "alert_rules", Copy: "alerts", Subjects: "name spec group_label labels", Other: "severity created_by updated_by state memory"},
		{Name: "alert_evaluations", Copy: "alerts", Subjects: "note", Other: "state"},
		{Name: "silences", Copy: "alerts", Subjects: "reason", Other: "rules groups severities phase created_by"},
		{Name: "incidents", Copy: "alerts", Subjects: "group_key title", Other: "severity state resolved_by acknowledged_by"},
		{Name: "incident_rules", Copy: "alerts", Subjects: "name event group_label", Other: "severity"},
		{Name: "incident_entries", Copy: "alerts", Subjects: "text details", Other: "kind actor"},
		{Name: "deliveries", Copy: "alerts", Subjects: "notice", Other: "kind recipient state"},
		{Name: "delivery_attempts", Copy: "alerts", Subjects: "answer error", Other: "outcome"},
		{Name: "quality_checks", Copy: "alerts", Subjects: "name event property", Other: "kind created_by updated_by"},
		{Name: "quality_results", Copy: "alerts", Subjects: "explanation samples", Other: "verdict"},
		{Name: "channels", Other: "name kind url_hint members sealed created_by", Why: settings},
		{Name: "escalation_policies", Other: "name plan created_by", Why: settings},
		{Name: "escalations", Why: ours},
		{Name: "rotations", Other: "name timezone members created_by", Why: members},

		// what organisations declare
		{Name: "policies", Other: "kind document note created_by", Why: settings},
		{Name: "property_uses", Other: "event path", Why: settings},
		{Name: "quarantine_causes", Other: "code", Why: ours},
		{Name: "redaction_secrets", Other: "created_by", Why: ours},
		{Name: "rollup_breakdowns", Other: "paths", Why: settings},
		{Name: "schema_config", Other: "subject compatibility mode", Why: settings},
		{Name: "schema_references", Other: "name subject", Why: settings},
		{Name: "schema_registries", Why: ours},
		{Name: "schema_versions", Other: "subject created_by", Why: settings},
		{Name: "schemas", Other: "type text digest fingerprint", Why: settings},
		{Name: "sources", Other: "name kind env", Why: settings},
		{Name: "api_keys", Other: "kind name scopes env origins kid hint created_by", Why: settings},
		{Name: "tenants", Other: "name timezone residency", Why: settings},

		// members
		{Name: "users", Other: "email email_key name password_hash", Why: members},
		{Name: "members", Other: "role", Why: members},
		{Name: "invitations", Other: "email role invited_by token_hash", Why: members},
		{Name: "sessions", Other: "hash", Why: members},
		{Name: "links", Other: "hash kind", Why: members},
		{Name: "mail_outbox", Other: "kind sealed last_error", Why: "mail to members, and to whoever files on the public form: sealed until it is sent"},
		{Name: "signing_keys", Other: "kid public_key sealed_private", Why: keys},
		{Name: "audit_log", Other: "actor_kind actor_id actor_label action target details correlation_id prev_hash hash", Why: "what members did; of subjects it holds keyed hashes", Stays: true},

		// requests about people
		{Name: "privacy_requests", Other: "type state note origin filed_by_kind filed_by_id filed_by idempotency body extended approved_by position waiting error", Why: "a note that names a subject is refused; the rest is ours"},
		{Name: "privacy_subjects", Other: "hash sealed", Why: sealed},
		{Name: "privacy_steps", Other: "copy state unit pending evidence error", Why: evidence},
		{Name: "privacy_moments", Other: "state actor text", Why: testedNotes},
		{Name: "privacy_certificates", Other: "kid jws", Why: evidence, Stays: true},
		{Name: "certificate_keys", Other: "kid public_key sealed_private", Why: keys},
		{Name: "privacy_exports", Other: "object sha256 records token_hash", Why: "where the file of an export lies, and counts of it; the file is the copy exports"},
		{Name: "privacy_export_subjects", Other: "hash", Why: keys},
		{Name: "privacy_filings", Other: "type sealed_email link_hash", Why: sealed},
		{Name: "privacy_forms", Other: "token title intro types changed_by", Why: settings},
		{Name: "suppressions", Other: "kind path hash state", Why: keys},
		{Name: "logs", Other: "kind host", Why: ours},
		{Name: "log_positions", Other: "position", Why: ours},
		{Name: "retention_runs", Other: "state results evidence error asked_by", Why: evidence},
		{Name: "offboardings", Other: "tenant_name residency state asked_by waiting error position steps people owners export_object export_digest export_token certificate_token", Why: members, Stays: true},

		// the archive
		{Name: "archives", Other: "recipient sealed_key", Why: keys},
		{Name: "archive_days", Other: "date manifest", Why: "names and counts of files, which are the copy archive"},

		// what was used, and what it costs
		{Name: "consumption", Other: "kind node", Why: ours, Stays: true},
		{Name: "billing_books", Why: ours, Stays: true},
		{Name: "billing_periods", Why: ours, Stays: true},
		{Name: "billing_credits", Other: "currency kind note by_whom", Why: "amounts, and what the operator says of them", Stays: true},
		{Name: "invoices", Other: "tenant_name kind number currency state", Why: ours, Stays: true},
		{Name: "invoice_lines", Other: "kind corrects text plan meter tier unit", Why: ours, Stays: true},
		{Name: "invoice_numbers", Why: ours},
		{Name: "quotas", Other: "because standing", Why: ours, Stays: true},
		{Name: "quota_counts", Why: ours, Stays: true},
		{Name: "quota_warnings", Other: "kind", Why: ours, Stays: true},
		{Name: "terms", Other: "plan currency fee_interval coupon reason changed_by", Why: ours, Stays: true},

		// payment
		{Name: "payment_accounts", Other: "standing effective suspended_by customer subscription subscribed way_kind way_brand way_last4 error", Why: members, Stays: true},
		{Name: "payment_checkouts", Other: "id plan plan_interval currency asked_by state error", Why: members, Stays: true},
		{Name: "payment_documents", Other: "provider_id state page declined error", Why: ours, Stays: true},
		{Name: "payment_usage", Other: "meter state error", Why: ours, Stays: true},
		{Name: "payment_differences", Other: "meter reason", Why: ours, Stays: true},
		{Name: "payment_events", Other: "id kind customer", Why: "what the payment provider has told of: its IDs"},
		// what is used and what it costs
		{Name: "usage_ledger", Other: "meter reason", Why: ours, Stays: true},
		{Name: "usage_hours", Why: ours},
		{Name: "usage_months", Why: ours},

		{Name: "goose_db_version", Why: ours},
	}
}
