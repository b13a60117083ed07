package po

import "net/http"

// Interception says what becomes of a page's request instead of being sent as it is. The
// zero value lets it pass.
type Interception struct {
	// Block refuses it.
	Block bool
	// Status, with Body and Header, answers it in the place of its server. 0: it is sent.
	Status int
	Body   []byte
	// Header is of that answer; of a request that is sent it replaces the fields of the
	// same names.
	Header http.Header
}
