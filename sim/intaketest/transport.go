package intaketest

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// Memory is a RoundTripper that calls a handler without a network, streams
// included, so that a test can run in a synctest bubble and wait for nothing.
type Memory struct{ Handler http.Handler }

// RoundTrip serves one request. The handler's goroutine ends when the answer's
// body is closed, the request's context ends, or it returns.
func (m Memory) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	body, out := io.Pipe()
	w := &pipeWriter{head: http.Header{}, out: out, ready: make(chan struct{})}
	in := r.Clone(ctx)
	in.RequestURI = in.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	go func() {
		defer cancel()
		m.Handler.ServeHTTP(w, in)
		w.WriteHeader(http.StatusOK)
		out.Close()
	}()
	// As over a network, a stream breaks when the request's context ends.
	stop := context.AfterFunc(ctx, func() { out.CloseWithError(context.Canceled) })
	select {
	case <-w.ready:
	case <-r.Context().Done():
		cancel()
		return nil, r.Context().Err()
	}
	return &http.Response{
		StatusCode: w.code, Status: http.StatusText(w.code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.head, Request: r, Body: closer{body, func() { stop(); cancel() }}, ContentLength: -1,
	}, nil
}

type closer struct {
	*io.PipeReader
	then func()
}

func (c closer) Close() error {
	c.then()
	return c.PipeReader.Close()
}

type pipeWriter struct {
	once  sync.Once
	head  http.Header
	code  int
	out   *io.PipeWriter
	ready chan struct{}
}

func (w *pipeWriter) Header() http.Header { return w.head }

func (w *pipeWriter) WriteHeader(code int) {
	w.once.Do(func() {
		w.code = code
		close(w.ready)
	})
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(b)
}

// FlushError lets http.ResponseController flush: a pipe holds nothing back.
func (w *pipeWriter) FlushError() error { return nil }
