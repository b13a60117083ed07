package po

import "net/http"

// Traffic is what a browser has got from the portal while it read an order's page: what the
// page's scripts have asked for, and what came. It has the secrets of a session in it, and
// must never reach a log, an event or the disk.
type Traffic struct {
	Document []byte // the page as it came
	Kind     string // its content type
	Calls    []Call // in the order in which they were asked for
}

// Call is a request that a page's script has made, with its answer.
type Call struct {
	Method string
	URL    string
	Header http.Header // that the script has given it
	Body   string
	Answer []byte // JSON
}

// String hides the traffic from logs.
func (Traffic) String() string { return "[traffic]" }

// GoString hides the traffic from %#v.
func (Traffic) GoString() string { return "[traffic]" }

// MarshalJSON hides the traffic from logs and files in JSON.
func (Traffic) MarshalJSON() ([]byte, error) { return []byte(`"[traffic]"`), nil }

// String hides the call from logs.
func (Call) String() string { return "[call]" }

// GoString hides the call from %#v.
func (Call) GoString() string { return "[call]" }

// MarshalJSON hides the call from logs and files in JSON.
func (Call) MarshalJSON() ([]byte, error) { return []byte(`"[call]"`), nil }
