package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Problem is an answer that says why not: a problem document (RFC 9457) with Observatory's stable code. An answer of
// something in between, a proxy say, has no code; its text is the detail then.
type Problem struct {
	Status        int           // HTTP status
	Code          string        // for example key_revoked
	Title         string        // what sort of problem it is
	Detail        string        // what happened and what to do
	CorrelationID string        // finds this request in the server's logs
	RetryAfter    time.Duration // how long the server asks to wait; 0 when it does not say
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if text == "" {
		text = http.StatusText(p.Status)
	}
	marks := []string{"HTTP " + strconv.Itoa(p.Status)}
	if p.Code != "" {
		marks = append([]string{p.Code}, marks...)
	}
	if p.CorrelationID != "" {
		marks = append(marks, "correlation ID "+p.CorrelationID)
	}
	return fmt.Sprintf("%s (%s)", text, strings.Join(marks, ", "))
}

// readProblem makes a Problem of an answer whose status is not 2xx.
func readProblem(res *http.Response, body []byte) *Problem {
	var doc struct {
		Title         string `json:"title"`
		Code          string `json:"code"`
		Detail        string `json:"detail"`
		CorrelationID string `json:"correlation_id"`
	}
	p := &Problem{Status: res.StatusCode, RetryAfter: parseRetryAfter(res.Header.Get("Retry-After"), time.Now())}
	if json.Unmarshal(body, &doc) == nil {
		p.Title, p.Code, p.Detail, p.CorrelationID = doc.Title, doc.Code, doc.Detail, doc.CorrelationID
	} else {
		p.Detail = firstWords(body)
	}
	if p.CorrelationID == "" {
		p.CorrelationID = res.Header.Get("X-Correlation-ID")
	}
	return p
}

// firstWords is the start of an answer of unknown kind, on one line, fit for a terminal.
func firstWords(body []byte) string {
	const most = 200
	text := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(body[:min(len(body), 4*most)]), ""), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + " ..."
	}
	return text
}

// parseRetryAfter reads the header's two forms, seconds and a date (RFC 9110, section 10.2.3). What is neither, or lies
// in the past, is 0.
func parseRetryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		const most = 24 * 60 * 60 // keeps the product from overflowing; nobody waits for longer anyway
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
