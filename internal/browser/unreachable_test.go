package browser

import "testing"

// What is wrong with a portal's certificate is no order's fault.
func TestNavigationFailureUnreachable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"net::ERR_CONNECTION_REFUSED": true, "net::ERR_SSL_PROTOCOL_ERROR": true,
		"net::ERR_CERT_AUTHORITY_INVALID": true, "net::ERR_EMPTY_RESPONSE": false,
	} {
		if got := navigationFailure(text, "https://portal.example/"); got.Unreachable != want {
			t.Errorf("%s: unreachable %v, want %v", text, got.Unreachable, want)
		}
	}
}
