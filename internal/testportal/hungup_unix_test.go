//go:build unix

package testportal

import (
	"net"
	"testing"
)

// A browser that has died waits for no answer: also where its request is only then
// read by a busy server, or has not been seen to end.
func TestRecordOfADeadBrowser(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	connect := func() (browser, server net.Conn) {
		t.Helper()
		browser, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if server, err = listener.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = browser.Close(), server.Close() })
		return browser, server
	}
	deadBrowser, dead := connect()
	_, alive := connect()
	_, other := connect()
	if err := deadBrowser.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return hungUp(dead) })

	type request struct {
		browser string
		conn    net.Conn
	}
	for name, row := range map[string]struct {
		first, second request
		want          int
	}{
		"dead, then alive": {request{browser: "1", conn: dead}, request{browser: "2", conn: alive}, 1},
		"alive, then dead": {request{browser: "2", conn: alive}, request{browser: "1", conn: dead}, 1},
		"both alive":       {request{browser: "2", conn: alive}, request{browser: "3", conn: other}, 2},
		"one browser":      {request{browser: "2", conn: alive}, request{browser: "2", conn: other}, 1},
		"of no connection": {request{browser: "2"}, request{browser: "3"}, 2},
	} {
		var rec record
		place := rec.begin(Request{Order: "1", SignedIn: true, Browser: row.first.browser}, row.first.conn)
		rec.begin(Request{Order: "1", SignedIn: true, Browser: row.second.browser}, row.second.conn)
		rec.finish(place, 200)
		if got := rec.atOnce["1"]; got != row.want {
			t.Errorf("%s: %d browsers at once, want %d", name, got, row.want)
		}
	}
}
