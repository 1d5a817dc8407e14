package api

import (
	"context"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/fault"
)

// Whoever lands one of these operations takes it out of this file; the file goes when it is empty.

var errPending = fault.New(fault.Unavailable, "not_there_yet", "This is not there yet.")

func (*server) ListCauses(context.Context, gen.ListCausesRequestObject) (gen.ListCausesResponseObject, error) {
	return nil, errPending
}

func (*server) GetCause(context.Context, gen.GetCauseRequestObject) (gen.GetCauseResponseObject, error) {
	return nil, errPending
}

func (*server) ListReplays(context.Context, gen.ListReplaysRequestObject) (gen.ListReplaysResponseObject, error) {
	return nil, errPending
}

func (*server) CreateReplay(context.Context, gen.CreateReplayRequestObject) (gen.CreateReplayResponseObject, error) {
	return nil, errPending
}

func (*server) RehearseReplay(context.Context, gen.RehearseReplayRequestObject) (gen.RehearseReplayResponseObject, error) {
	return nil, errPending
}

func (*server) GetReplay(context.Context, gen.GetReplayRequestObject) (gen.GetReplayResponseObject, error) {
	return nil, errPending
}

func (*server) CancelReplay(context.Context, gen.CancelReplayRequestObject) (gen.CancelReplayResponseObject, error) {
	return nil, errPending
}

func (*server) PauseReplay(context.Context, gen.PauseReplayRequestObject) (gen.PauseReplayResponseObject, error) {
	return nil, errPending
}

func (*server) ResumeReplay(context.Context, gen.ResumeReplayRequestObject) (gen.ResumeReplayResponseObject, error) {
	return nil, errPending
}
