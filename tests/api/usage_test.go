package api_test

// usage reads what was used.
func usage() []operation {
	return []operation{
		{id: "getUsage", method: "GET", path: "/v1/usage", may: paying, status: 200},
		{id: "getUsage", method: "GET", path: "/v1/usage?month=2026-01", may: paying, status: 200},
		{id: "listUsageHours", method: "GET", path: "/v1/usage/hours?meter=events", may: paying, status: 200},
		{id: "sampleUsageEvents", method: "GET", path: "/v1/usage/events?meter=events&hour=2026-01-01T00:00:00Z&limit=5", may: paying, status: 200},
	}
}
