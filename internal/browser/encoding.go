package browser

import (
	"context"
	"strings"

	"github.com/go-rod/rod/lib/proto"
)

// A browser undoes the compression of what it gets, and does not tell whether it came
// to its end. Where a file may come of a request, the portal is asked not to compress.
// Chromium takes no other answer then; a portal that compresses all the same is asked
// as usual from then on, and its files are believed only if their format has an end of
// its own.

// identity is the Accept-Encoding that asks for content as it is.
const identity = "identity"

// badEncoding is Chromium's word for an answer with an encoding that was not asked for.
const badEncoding = "net::ERR_CONTENT_DECODING_FAILED"

// refuseCompression asks for uncompressed answers to what the tab asks for next, if the
// portal knows them. The returned function ends that; a tab that does not answer it, as
// while it waits for another page, is stale.
func (s *Session) refuseCompression(ctx context.Context) (end func(), err error) {
	if s.compressed.Load() {
		return func() {}, nil
	}
	set := func(value string) error {
		bounded, cancel := context.WithTimeout(ctx, s.config.Times.Click)
		defer cancel()
		return acceptEncoding(s.page(bounded), value)
	}
	end = func() { s.tab.stale = s.tab.stale || set("") != nil }
	return end, set(identity)
}

// acceptEncoding sets the Accept-Encoding of a tab's or a worker's requests; empty: it
// is the browser's own.
func acceptEncoding(w cdpClient, value string) error {
	headers := map[string]string{}
	if value != "" {
		headers["Accept-Encoding"] = value
	}
	return w.raw("Network.setExtraHTTPHeaders", map[string]any{"headers": headers}, nil)
}

// uncompressed is the header of a request with an Accept-Encoding for content as it
// is: of windows that a click has opened, which refuseCompression does not reach.
func uncompressed(headers proto.NetworkHeaders) []*proto.FetchHeaderEntry {
	var list []*proto.FetchHeaderEntry
	for name, value := range headers {
		if !strings.EqualFold(name, "Accept-Encoding") {
			list = append(list, &proto.FetchHeaderEntry{Name: name, Value: value.Str()})
		}
	}
	return append(list, &proto.FetchHeaderEntry{Name: "Accept-Encoding", Value: identity})
}

// contentEncoding is how the content of an answer is compressed on its way; empty if it
// is not.
func contentEncoding(headers map[string]string) string {
	for name, value := range headers {
		if strings.EqualFold(name, "Content-Encoding") && !strings.EqualFold(value, identity) {
			return value
		}
	}
	return ""
}

// noteEncoding notes how an answer is compressed that a script has got while a file is
// awaited.
func (t *fileTable) noteEncoding(encoding string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wanted && encoding != "" {
		t.encoded = encoding
	}
}

// compressed reports whether a paused answer is compressed.
func compressed(e *proto.FetchRequestPaused) bool {
	headers := map[string]string{}
	for _, h := range e.ResponseHeaders {
		headers[h.Name] = h.Value
	}
	return contentEncoding(headers) != ""
}

// awaitsFiles reports whether files are awaited.
func (i *interceptor) awaitsFiles() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.mode != modeRead
}
