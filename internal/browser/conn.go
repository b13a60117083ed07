package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
)

// conn is a client of the DevTools protocol: it gives answers to the calls that they
// belong to, and events to whoever reads them. rod's own client would do, but importing
// it registers a flag with every program that imports poactor.
type conn struct {
	pipe   transport
	events chan launch.Message // those that watch has not taken; closed when the browser has ended
	// watch is shown every event before any later answer is given to who waits for it.
	// Where it says so, the event goes no further. It must not block; nil: nobody watches.
	watch func(method string, params json.RawMessage) (taken bool)
	slow  atomic.Bool // fault.CDPSlow

	mu      sync.Mutex
	last    int                         // ID of a call
	waiting map[int]chan launch.Message // by ID; nil when the browser has ended
	end     error                       // why there are no more answers
}

// transport carries the messages: a *launch.Pipe.
type transport interface {
	Send(msg []byte) error
	Read() (launch.Message, error)
}

// maxCall is how long a command may be. A browser ends the connection at 100 MiB.
const maxCall = 2 * MaxAnswer

// connect speaks the protocol over a browser's pipe. Events must be read, or no answer
// comes any more.
func connect(p transport, watch func(method string, params json.RawMessage) (taken bool)) *conn {
	c := &conn{pipe: p, watch: watch, events: make(chan launch.Message), waiting: map[int]chan launch.Message{}}
	go c.read()
	return c
}

// Call carries out a command of the browser, or of a tab, and returns its result. The
// error is a *launch.ProtocolError where the browser refuses.
func (c *conn) Call(ctx context.Context, tab, method string, params any) ([]byte, error) {
	if c.slow.Load() {
		if err := pause(ctx, SlowBy); err != nil {
			return nil, err
		}
	}
	id, answer, err := c.begin()
	if err != nil {
		return nil, err
	}
	defer c.forget(id)
	call, err := json.Marshal(struct {
		ID        int    `json:"id"`
		SessionID string `json:"sessionId,omitempty"`
		Method    string `json:"method"`
		Params    any    `json:"params,omitempty"`
	}{id, tab, method, params})
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", method, err)
	}
	if len(call) > maxCall {
		return nil, &po.ReadFailure{Cause: po.TaskFailed, Final: true, Answered: true, Detail: fmt.Sprintf(
			"the browser would be sent %.1f MiB at once, and takes %d", float64(len(call))/(1<<20), maxCall>>20)}
	}
	if err := c.pipe.Send(call); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case m, ok := <-answer:
		switch {
		case !ok:
			return nil, c.ended()
		case m.Error != nil:
			return nil, m.Error
		}
		return m.Result, nil
	}
}

// begin gives a call its ID, and the channel that has its answer, or is closed when there
// will be none.
func (c *conn) begin() (int, <-chan launch.Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		return 0, nil, c.end
	}
	c.last++
	answer := make(chan launch.Message, 1)
	c.waiting[c.last] = answer
	return c.last, answer, nil
}

func (c *conn) forget(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

func (c *conn) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// read gives out what comes, until the pipe ends.
func (c *conn) read() {
	defer close(c.events)
	for {
		m, err := c.pipe.Read()
		switch {
		case err != nil:
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, answer := range c.waiting {
				close(answer)
			}
			c.waiting, c.end = nil, err
			return
		case m.ID != 0:
			c.answer(m)
		case c.watch == nil || !c.watch(m.Method, m.Params):
			c.events <- m
		}
	}
}

// answer gives an answer to its call, if that still waits.
func (c *conn) answer(m launch.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer, ok := c.waiting[m.ID]; ok {
		answer <- m // it has room for the one
		delete(c.waiting, m.ID)
	}
}
