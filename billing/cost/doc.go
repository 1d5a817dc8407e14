// Package cost knows what each tenant makes the installation do, and what that costs the one who runs it. Every node notes in memory what its
// tenants consume (Recorder) and writes it down every two seconds; what can only be measured from outside, as bytes on disks and the time of
// jobs, a worker measures (Gauge). Two resources are meters too: billing/usage reads them here.
package cost
