package launch

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// sendTimeout bounds one write to a browser that has stopped reading.
const sendTimeout = 10 * time.Second

// Pipe carries the DevTools protocol: JSON messages, each ended by a zero byte.
type Pipe struct {
	w, r *os.File
	buf  *bufio.Reader
	mu   sync.Mutex

	came     atomic.Bool // something has, since Heard was called
	decoding atomic.Bool
}

func newPipe(w, r *os.File) *Pipe {
	p := &Pipe{w: w, r: r}
	p.came.Store(true) // time passes before it is listened to
	p.buf = bufio.NewReaderSize(arrivals{p}, 64<<10)
	return p
}

// arrivals reads the pipe and notes that something has come.
type arrivals struct{ *Pipe }

func (a arrivals) Read(b []byte) (int, error) {
	n, err := a.r.Read(b)
	if n > 0 {
		a.came.Store(true)
	}
	return n, err
}

// Heard reports whether anything has come from the browser since the last call, be it a part of a message, or what
// has come is still being decoded: a message of tens of megabytes takes seconds.
func (p *Pipe) Heard() bool { return p.came.Swap(false) || p.decoding.Load() }

// Message is one that the browser sends: an answer, which has the ID of its call, or an
// event, which has a Method and no ID.
type Message struct {
	ID        int             `json:"id"`
	SessionID string          `json:"sessionId"` // of the tab; empty: the browser itself
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Result    json.RawMessage `json:"result"`
	Error     *ProtocolError  `json:"error"`
}

// ProtocolError is a browser's answer to a call that it did not carry out.
type ProtocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    string `json:"data"`
}

func (e *ProtocolError) Error() string {
	if e.Data == "" {
		return fmt.Sprintf("%s (%d)", e.Message, e.Code)
	}
	return fmt.Sprintf("%s: %s (%d)", e.Message, e.Data, e.Code)
}

// Send writes one message.
func (p *Pipe) Send(msg []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Not every system has deadlines on pipes; without one a write to a
	// stopped browser ends when the browser is killed.
	_ = p.w.SetWriteDeadline(time.Now().Add(sendTimeout))
	_, err := p.w.Write(append(msg, 0))
	if err != nil {
		_ = p.w.Close() // half a message may be out: nothing more can follow
	}
	return err
}

// Read returns the next message. What has not the form of one is dropped.
func (p *Pipe) Read() (Message, error) {
	for {
		text, err := p.buf.ReadBytes(0)
		if err != nil {
			return Message{}, err
		}
		var m Message
		p.decoding.Store(true)
		err = json.Unmarshal(text[:len(text)-1], &m)
		p.decoding.Store(false)
		if err == nil && (m.ID != 0 || m.Method != "") {
			return m, nil
		}
	}
}

// Close ends a Read and every Send.
func (p *Pipe) Close() {
	_ = p.w.Close()
	_ = p.r.Close()
}
