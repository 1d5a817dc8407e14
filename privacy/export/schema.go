package export

const schemaFile = "schema.json"

// schemaText is the JSON Schema (draft 2020-12) of the files of an archive: of the lines of each .jsonl, and of profile.json.
const schemaText = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "What an export holds",
  "description": "Each line of a .jsonl file conforms to the definition of the file's name; so does profile.json as a whole.",
  "$defs": {
    "events.jsonl": {
      "title": "An event",
      "type": "object",
      "required": ["event_id", "event", "type", "time", "received_at", "source_id", "properties", "context", "facts"],
      "properties": {
        "event_id": {"type": "string", "description": "Unique within the organisation."},
        "event": {"type": "string", "description": "What happened."},
        "type": {"enum": ["track", "identify", "page", "screen", "group", "alias"]},
        "time": {"type": "string", "format": "date-time", "description": "When it happened, as the sender said."},
        "received_at": {"type": "string", "format": "date-time"},
        "user_id": {"type": "string", "description": "The ID of the person's account."},
        "anonymous_id": {"type": "string", "description": "An ID that the person's browser or app made up."},
        "session_id": {"type": "string"},
        "source_id": {"type": "string", "format": "uuid", "description": "Where it came from."},
        "sdk_name": {"type": "string"},
        "sdk_version": {"type": "string"},
        "bot": {"type": "string", "description": "Why it was taken for a program's."},
        "properties": {"type": "object", "description": "What was sent about the event."},
        "context": {"type": "object", "description": "What was sent about the circumstances, such as the page and the device."},
        "facts": {"type": "object", "description": "What was found out about it, such as the country."}
      }
    },
    "held.jsonl": {
      "title": "An event that is set aside and not used",
      "allOf": [{"$ref": "#/$defs/events.jsonl"}],
      "type": "object",
      "required": ["reason", "held_at", "expires_at"],
      "properties": {
        "reason": {"type": "string"},
        "held_at": {"type": "string", "format": "date-time"},
        "expires_at": {"type": "string", "format": "date-time", "description": "When it is removed, if it is not used until then."}
      }
    },
    "quarantine.jsonl": {
      "title": "An event that broke a rule",
      "type": "object",
      "required": ["type", "time", "received_at", "source_id", "code", "message", "payload", "expires_at"],
      "properties": {
        "event_id": {"type": "string"},
        "event": {"type": "string"},
        "type": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "received_at": {"type": "string", "format": "date-time"},
        "user_id": {"type": "string"},
        "anonymous_id": {"type": "string"},
        "source_id": {"type": "string", "format": "uuid"},
        "code": {"type": "string", "description": "The rule."},
        "message": {"type": "string"},
        "payload": {"type": "string", "description": "The text that was sent."},
        "expires_at": {"type": "string", "format": "date-time", "description": "When it is removed."}
      }
    },
    "profile.json": {
      "type": "object",
      "required": ["people"],
      "properties": {
        "people": {
          "type": "array",
          "items": {
            "title": "A person",
            "type": "object",
            "required": ["person", "ids", "traits", "groups", "events", "first_at", "last_at"],
            "properties": {
              "person": {"type": "string", "description": "The ID by which the person is known."},
              "ids": {
                "type": "array",
                "items": {
                  "type": "object",
                  "required": ["id", "kind", "events"],
                  "properties": {
                    "id": {"type": "string"},
                    "kind": {"enum": ["user", "anonymous"]},
                    "linked_at": {"type": "string", "format": "date-time", "description": "Since when it is known to be the person's."},
                    "first_at": {"type": "string", "format": "date-time"},
                    "last_at": {"type": "string", "format": "date-time"},
                    "events": {"type": "integer"}
                  }
                }
              },
              "traits": {"type": "object"},
              "groups": {
                "type": "array",
                "items": {
                  "type": "object",
                  "required": ["group_id", "since", "traits"],
                  "properties": {
                    "group_id": {"type": "string"},
                    "since": {"type": "string", "format": "date-time"},
                    "traits": {"type": "object"}
                  }
                }
              },
              "events": {"type": "integer"},
              "first_at": {"type": "string", "format": "date-time"},
              "last_at": {"type": "string", "format": "date-time"}
            }
          }
        }
      }
    }
  }
}
`
