package enrich

import "github.com/observatory/observatory/ingest/doc"

// service is the step that says which part of a system an event comes from: service, stage, service_version, host. The
// sender's own word goes first, in any of three forms, and what it leaves out comes from the policy's line for the source:
//
//	context.service   {"name": "shop", "stage": "production", "version": "1.4.2", "host": "web-3"}
//	context.resource  OpenTelemetry's resource, as {"service.name": ...} or {"service": {"name": ...}}
//	context.app       {"name": "Shop", "version": "1.4.2"}, as Segment's libraries send it
//
// The names of OpenTelemetry's keys: https://opentelemetry.io/docs/specs/semconv/resource/
func (e *Enricher) service(s *subject) {
	var (
		own      = s.Context.Child("service")
		app      = s.Context.Child("app")
		resource = s.Context.Child("resource")
		declared = e.policy.Sources[s.Source]
	)
	if a := resource.Child("attributes"); a != nil {
		resource = a
	}
	add := func(name, declared string, said ...[]byte) {
		for _, t := range said {
			if len(t) > 0 {
				text(&s.facts, name, t)
				return
			}
		}
		text(&s.facts, name, declared)
	}
	add("service", declared.Name,
		textAt(own, "name"), attribute(resource, "service", "name"), textAt(app, "name"))
	add("stage", declared.Stage,
		textAt(own, "stage"), attribute(resource, "deployment", "environment", "name"), attribute(resource, "deployment", "environment"), textAt(app, "stage"))
	add("service_version", declared.Version,
		textAt(own, "version"), attribute(resource, "service", "version"), textAt(app, "version"))
	add("host", declared.Host,
		textAt(own, "host"), attribute(resource, "host", "name"), textAt(app, "host"))
}

// attribute finds a key of OpenTelemetry's, whether its parts are joined by dots or nested.
func attribute(resource *doc.Node, parts ...string) []byte {
	if resource == nil {
		return nil
	}
	joined := parts[0]
	for _, p := range parts[1:] {
		joined += "." + p
	}
	if t := textAt(resource, joined); t != nil {
		return t
	}
	return textAt(resource, parts...)
}
