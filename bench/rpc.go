package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/api/gen/observatory/v1/observatoryv1connect"
)

// rpcRequest is the event of newEvent as a message, its properties as a message too or as JSON.
func rpcRequest(asText bool) (*observatoryv1.PublishRequest, error) {
	e := &observatoryv1.Event{
		Event: "product_viewed", UserId: "user-4711", AnonymousId: "0b7f6c1e-3f5c-4c62-9a0e-7d4d6d9f2a11", SessionId: "s-20261121-77", Timestamp: timestamppb.Now(),
		Circumstances: &observatoryv1.Event_ContextJson{
			ContextJson: `{"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/149.0","locale":"de-DE","page":{"referrer":"https://www.example.com/search?q=newton"}}`,
		},
		Body: &observatoryv1.Event_PropertiesJson{
			PropertiesJson: `{"path":"/shop/telescopes/newton-150","product":"newton-150","price":349.9,"currency":"EUR","quantity":1,"in_stock":true,"category":"telescopes","position":12}`,
		},
	}
	if !asText {
		object, err := structpb.NewStruct(map[string]any{
			"path": "/shop/telescopes/newton-150", "product": "newton-150", "price": 349.9, "currency": "EUR", "quantity": 1, "in_stock": true, "category": "telescopes", "position": 12,
		})
		if err != nil {
			return nil, err
		}
		e.Body = &observatoryv1.Event_Properties{Properties: object}
	}
	return &observatoryv1.PublishRequest{Events: []*observatoryv1.Event{e}}, nil
}

// rpcs measures acknowledgements of single events over gRPC: by Publish, many calls at a time, or by streams, each with a full window.
func rpcs(ctx context.Context, s *server, limit time.Duration, streams, asText bool) (timed, error) {
	const senders, connections = 64, 8
	conns := make([]*grpc.ClientConn, connections)
	for i := range conns {
		conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return timed{}, err
		}
		defer conn.Close() //nolint:errcheck // nothing is pending
		conns[i] = conn
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+s.key)
	deadline := time.Now().Add(limit)
	run := time.Now().UnixNano()
	var next atomic.Int64
	request := func() (*observatoryv1.PublishRequest, error) {
		r, err := rpcRequest(asText)
		if err == nil {
			r.Events[0].EventId = fmt.Sprintf("%d-%d", run, next.Add(1))
		}
		return r, err
	}
	count := senders
	if streams {
		count = connections
	}
	latencies, errs := make([][]time.Duration, count), make([]error, count)
	begin := time.Now()
	var wg sync.WaitGroup
	for i := range count {
		wg.Go(func() {
			conn := conns[i%connections]
			if streams {
				latencies[i], errs[i] = streamed(ctx, conn, senders/connections, deadline, request)
				return
			}
			for time.Now().Before(deadline) && errs[i] == nil {
				var in *observatoryv1.PublishRequest
				if in, errs[i] = request(); errs[i] == nil {
					sent := time.Now()
					errs[i] = conn.Invoke(ctx, observatoryv1connect.IngestServicePublishProcedure, in, &observatoryv1.PublishResponse{})
					latencies[i] = append(latencies[i], time.Since(sent))
				}
			}
		})
	}
	wg.Wait()
	took := slices.Concat(latencies...)
	for _, err := range errs {
		if err != nil {
			return timed{}, err
		}
	}
	rate := float64(len(took)) / time.Since(begin).Seconds()
	slices.Sort(took)
	return timed{rate: rate, p50: percentile(took, .5), p99: percentile(took, .99)}, s.settled(ctx)
}

// streamed sends requests over one stream, so many at a time.
func streamed(ctx context.Context, conn *grpc.ClientConn, atATime int, deadline time.Time, request func() (*observatoryv1.PublishRequest, error)) ([]time.Duration, error) {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, observatoryv1connect.IngestServicePublishStreamProcedure)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	begun := make(chan time.Time, atATime) // of requests that are not acknowledged
	send := func() error {
		in, err := request()
		if err != nil {
			return err
		}
		begun <- time.Now()
		return stream.SendMsg(in)
	}
	for range atATime {
		if err := send(); err != nil {
			return nil, err
		}
	}
	for len(begun) > 0 {
		var ack observatoryv1.PublishAck
		if err := stream.RecvMsg(&ack); err != nil {
			return nil, err
		}
		if failed := ack.GetError(); failed != nil {
			return nil, fmt.Errorf("a request was refused: %s", failed.Message)
		}
		took = append(took, time.Since(<-begun))
		if time.Now().Before(deadline) {
			if err := send(); err != nil {
				return nil, err
			}
		}
	}
	return took, stream.CloseSend()
}
