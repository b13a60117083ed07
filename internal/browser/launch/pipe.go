package launch

import (
	"bufio"
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/cdp"
)

// sendTimeout bounds one write to a browser that has stopped reading.
const sendTimeout = 10 * time.Second

// Pipe carries the DevTools protocol: JSON messages, each ended by a zero
// byte. It is the transport of rod's client.
type Pipe struct {
	w, r *os.File
	buf  *bufio.Reader
	mu   sync.Mutex
	// Watch is shown every event before any later answer is given to who waits
	// for it, which rod's client does not promise. Where it says so, the event
	// goes no further. It must not block; nil: nobody watches.
	Watch func(method string, params json.RawMessage) (taken bool)
}

func newPipe(w, r *os.File) *Pipe {
	return &Pipe{w: w, r: r, buf: bufio.NewReaderSize(r, 64<<10)}
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

// frame is the outer form of every message, as far as rod's client relies on
// it.
type frame struct {
	ID        int             `json:"id"`
	SessionID string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	Error     *cdp.Error      `json:"error"`
}

// Read returns the next message. What has not the form of one is dropped, for
// rod's client panics on it, in a goroutine where nobody can recover.
func (p *Pipe) Read() ([]byte, error) {
	for {
		msg, err := p.buf.ReadBytes(0)
		if err != nil {
			return nil, err
		}
		msg = msg[:len(msg)-1]
		var f frame
		if json.Unmarshal(msg, &f) != nil || p.Watch != nil && f.Method != "" && p.Watch(f.Method, f.Params) {
			continue
		}
		return msg, nil
	}
}

// Close ends a Read and every Send.
func (p *Pipe) Close() {
	_ = p.w.Close()
	_ = p.r.Close()
}
