package download

import (
	"context"
	"fmt"
	"io"
	"time"
)

// maxIdle is how long the portal may send nothing of a file, the head of its
// answer included, before the attempt ends: four times the slowest answer that
// was met at Coupa.
const maxIdle = 60 * time.Second

// errIdle passes for a timeout.
var errIdle = fmt.Errorf("the portal fell silent: %w", context.DeadlineExceeded)

// idleTimeout ends the request whose context it holds when the portal sends nothing
// for too long. What is done with the bytes meanwhile is not the portal's time.
type idleTimeout struct {
	limit  time.Duration
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// awaitHead begins with the wait for the head of an answer. The returned context
// is the request's.
func awaitHead(ctx context.Context, limit time.Duration) (context.Context, *idleTimeout) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &idleTimeout{limit, ctx, cancel, time.AfterFunc(limit, func() { cancel(errIdle) })}
}

// broken ends a wait: something came.
func (s *idleTimeout) broken() { s.timer.Stop() }

// body waits for each piece of an answer anew.
func (s *idleTimeout) body(r io.Reader) io.Reader { return &idleReader{r, s} }

// why is what ended the request: the client's error, or the silence behind it.
func (s *idleTimeout) why(err error) error {
	if context.Cause(s.ctx) == errIdle {
		return errIdle
	}
	return err
}

func (s *idleTimeout) end() {
	s.timer.Stop()
	s.cancel(nil)
}

type idleReader struct {
	from    io.Reader
	silence *idleTimeout
}

// Read implements io.Reader.
func (p *idleReader) Read(b []byte) (int, error) {
	p.silence.timer.Reset(p.silence.limit)
	defer p.silence.broken()
	return p.from.Read(b)
}
