package download

import (
	"context"
	"fmt"
	"io"
	"time"
)

// fileSilence is how long the portal may send nothing of a file, the head of its
// answer included, before the attempt ends: four times the slowest answer that
// was met at Coupa.
const fileSilence = 60 * time.Second

// errSilence passes for a timeout.
var errSilence = fmt.Errorf("the portal fell silent: %w", context.DeadlineExceeded)

// silence ends the request whose context it holds when the portal sends nothing
// for too long. What is done with the bytes meanwhile is not the portal's time.
type silence struct {
	limit  time.Duration
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// awaitHead begins with the wait for the head of an answer. The returned context
// is the request's.
func awaitHead(ctx context.Context, limit time.Duration) (context.Context, *silence) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &silence{limit, ctx, cancel, time.AfterFunc(limit, func() { cancel(errSilence) })}
}

// broken ends a wait: something came.
func (s *silence) broken() { s.timer.Stop() }

// body waits for each piece of an answer anew.
func (s *silence) body(r io.Reader) io.Reader { return &patient{r, s} }

// why is what ended the request: the client's error, or the silence behind it.
func (s *silence) why(err error) error {
	if context.Cause(s.ctx) == errSilence {
		return errSilence
	}
	return err
}

func (s *silence) end() {
	s.timer.Stop()
	s.cancel(nil)
}

type patient struct {
	from    io.Reader
	silence *silence
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	p.silence.timer.Reset(p.silence.limit)
	defer p.silence.broken()
	return p.from.Read(b)
}
