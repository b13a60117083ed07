package browser

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/poactor/poactor/internal/browser/launch"
)

// scriptedEnd is a browser's end of a connection.
type scriptedEnd struct {
	sent chan launch.Message // the calls
	says chan launch.Message // closed: it has ended
}

func newScriptedEnd() *scriptedEnd {
	return &scriptedEnd{sent: make(chan launch.Message, 10), says: make(chan launch.Message)}
}

func (s *scriptedEnd) Send(text []byte) error {
	var m launch.Message
	err := json.Unmarshal(text, &m)
	s.sent <- m
	return err
}

func (s *scriptedEnd) Read() (launch.Message, error) {
	m, ok := <-s.says
	if !ok {
		return m, io.EOF
	}
	return m, nil
}

// called is what came of a call.
type called struct {
	result string
	err    error
}

func (s *scriptedEnd) call(ctx context.Context, c *conn, method string) <-chan called {
	done := make(chan called, 1)
	go func() {
		result, err := c.Call(ctx, "tab", method, map[string]int{"x": 1})
		done <- called{string(result), err}
	}()
	return done
}

// Each call gets its own answer, whichever comes first; what nobody waits for is dropped.
func TestConnAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScriptedEnd()
		c := connect(s, nil)
		first := s.call(t.Context(), c, "A.first")
		a := <-s.sent
		ctx, cancel := context.WithCancel(t.Context())
		second := s.call(ctx, c, "A.second")
		b := <-s.sent
		if a.ID == b.ID || a.Method != "A.first" || a.SessionID != "tab" || string(a.Params) != `{"x":1}` {
			t.Errorf("sent %+v, %+v", a, b)
		}
		cancel()
		if got := <-second; !errors.Is(got.err, context.Canceled) {
			t.Errorf("given up: %+v", got)
		}
		s.says <- launch.Message{ID: b.ID, Result: json.RawMessage(`"late"`)}
		s.says <- launch.Message{ID: 4711}
		s.says <- launch.Message{ID: a.ID, Result: json.RawMessage(`"one"`)}
		if got := <-first; got != (called{`"one"`, nil}) {
			t.Errorf("%+v", got)
		}
		third := s.call(t.Context(), c, "A.third")
		s.says <- launch.Message{ID: (<-s.sent).ID, Error: &launch.ProtocolError{Code: -32000, Message: "no such page"}}
		if got := <-third; !isProtocolError(got.err) || got.err.Error() != "no such page (-32000)" {
			t.Errorf("%+v", got)
		}
		close(s.says)
		synctest.Wait()
	})
}

// Events come in their order, and before the answers that come after them; those that
// watch takes go no further.
func TestConnEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScriptedEnd()
		watched := []string{}
		c := connect(s, func(method string, _ json.RawMessage) bool {
			watched = append(watched, method)
			return method == "N.taken"
		})
		answer := s.call(t.Context(), c, "A.first")
		id := (<-s.sent).ID
		go func() {
			for _, m := range []launch.Message{{Method: "N.one"}, {Method: "N.taken"}, {Method: "N.two"}, {ID: id}} {
				s.says <- m
			}
		}()
		synctest.Wait()
		if len(answer) > 0 {
			t.Error("the answer overtakes an event that nobody has read")
		}
		for _, want := range []string{"N.one", "N.two"} {
			if got := (<-c.events).Method; got != want {
				t.Errorf("event %s, want %s", got, want)
			}
		}
		if got := <-answer; got.err != nil || len(watched) != 3 {
			t.Errorf("%+v, watched %q", got, watched)
		}
		close(s.says)
	})
}

// The browser's end ends every call, those that come later too, and the events.
func TestConnEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScriptedEnd()
		c := connect(s, nil)
		waiting := s.call(t.Context(), c, "A.first")
		<-s.sent
		close(s.says)
		later := s.call(t.Context(), c, "A.second")
		for _, got := range []called{<-waiting, <-later} {
			if !errors.Is(got.err, io.EOF) {
				t.Errorf("%+v", got)
			}
		}
		if _, ok := <-c.events; ok {
			t.Error("an event after the end")
		}
	})
}
