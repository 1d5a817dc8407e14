// Package harness runs a real `observatory serve` for tests, as a child process with a data folder of its own, and speaks
// to it as its users do. What a test shows through it holds for the whole: the edge, the log, the sink and the engines.
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
//	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})
//	account := server.SignUp(t)
//	ack := account.Secret.Send(t, harness.Event{Name: "page_view"})
//	receipt := account.Secret.Settled(t, ack.Receipt)
package harness
