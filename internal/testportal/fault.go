package testportal

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// Fault is one way in which the portal misbehaves.
type Fault string

// The faults. Truncate, HTML, Disguise and Unannounced concern files only and leave other requests
// alone.
const (
	NoFault     Fault = ""
	Error500    Fault = "500"
	Error503    Fault = "503"         // with Retry-After: 1
	Throttle    Fault = "429"         // with Retry-After: 1
	Hang        Fault = "hang"        // no answer until the client goes away
	Slow        Fault = "slow"        // the answer takes 3 s more
	Reset       Fault = "reset"       // the connection is reset
	Truncate    Fault = "truncate"    // half the bytes announced; of an empty file none of one
	HTML        Fault = "html"        // an HTML page instead of a file, called a page
	Disguise    Fault = "disguise"    // an HTML page instead of a file, called what the file would be
	Unannounced Fault = "unannounced" // no bytes, and no length announced
	SignOut     Fault = "sign-out"    // nobody is signed in
)

const slowDelay = 3 * time.Second

// trouble is a fault of one order or file: its first requests meet it.
type trouble struct {
	fault Fault
	times int // requests that meet it; forever for all
}

const forever = -1

func (t trouble) forGood() bool { return t.times == forever }

// faults decides which request meets which fault.
type faults struct {
	mu   sync.Mutex
	wide Fault
	met  map[string]int // requests that met their trouble, by path
}

// SetFault makes every page, list and file of the portal meet a fault from now
// on; NoFault ends it. Requests that are being answered are not touched.
func (p *Portal) SetFault(f Fault) {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.wide = f
}

func (fs *faults) everywhere() Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.wide
}

// next says which fault the next request for a path meets.
func (fs *faults) next(path string, own trouble) Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.wide != NoFault {
		return fs.wide
	}
	if own.forGood() {
		return own.fault
	}
	if fs.met[path] >= own.times {
		return NoFault
	}
	if fs.met == nil {
		fs.met = make(map[string]int)
	}
	fs.met[path]++
	return own.fault
}

// fault says which fault a request meets: of its own, of the whole portal, or an
// injected one.
func (p *Portal) fault(kind RequestKind, path string, own trouble) Fault {
	f := p.faults.next(path, own)
	if f != NoFault || p.opts.Inject == nil {
		return f
	}
	f = p.opts.Inject(kind)
	if f == SignOut {
		p.SetFault(SignOut)
	}
	return f
}

// meet answers a request with a fault. It reports whether that was the answer;
// if not, the request is to be answered as usual.
func (p *Portal) meet(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch f {
	case Error500:
		p.message(w, http.StatusInternalServerError, "en", "We're sorry, but something went wrong.")
	case Error503, Throttle:
		w.Header().Set("Retry-After", "1")
		status := map[Fault]int{Error503: http.StatusServiceUnavailable, Throttle: http.StatusTooManyRequests}[f]
		p.message(w, status, "en", "The service is busy. Please try again in a moment.")
	case Hang:
		<-r.Context().Done()
	case Reset:
		reset(w)
	case SignOut:
		p.signedOut(w, r)
	case Slow:
		return !sleep(r.Context(), slowDelay)
	default:
		return false
	}
	return true
}

// reset drops the connection so that the client gets a reset, not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
