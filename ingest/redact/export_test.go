package redact

// Found is where a detector finds something in a text, escapes undone.
func Found(detector, text string) (spans [][2]int) {
	p := Policy{Rules: []Rule{{Name: "r", Detector: detector, Action: mask}}}
	r, err := p.Compile(Secrets{{Version: 1, Key: make([]byte, minKey)}})
	if err != nil {
		panic(err)
	}
	w := r.work()
	w.level = maxNested // as a text, not as the document that it may be
	w.pass([]byte(text), inProse)
	for _, s := range w.spans {
		spans = append(spans, [2]int{s.start, s.end})
	}
	return spans
}
