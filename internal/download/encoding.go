package download

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// encodingsOf lists what an answer's Content-Encoding says was done to the file,
// in the order in which it was done. Words that servers write there and that
// change nothing are left out.
func encodingsOf(header http.Header) []string {
	var list []string
	for _, field := range header.Values("Content-Encoding") {
		for e := range strings.SplitSeq(field, ",") {
			switch e = strings.ToLower(strings.TrimSpace(e)); e {
			case "", "identity", "none", "binary", "8bit", "7bit", "utf-8", "aws-chunked":
			default:
				list = append(list, e)
			}
		}
	}
	return list
}

// maxEncodings is how often a file may be compressed.
const maxEncodings = 4

// decoders undo encodings. Each fails with an error if the data end before the
// compression does.
var decoders = map[string]func(io.Reader) (io.Reader, error){
	"gzip":    gunzip,
	"x-gzip":  gunzip,
	"deflate": inflate,
	"br":      func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	"zstd": func(r io.Reader) (io.Reader, error) {
		// A window of 8 MB is the largest that may be sent as an encoding (RFC 9659).
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	},
}

// decodable says whether all of the encodings can be undone.
func decodable(encodings []string) bool {
	unknown := func(encoding string) bool { return decoders[encoding] == nil }
	return len(encodings) <= maxEncodings && !slices.ContainsFunc(encodings, unknown)
}

// errEncoding is a body that is not encoded as the portal says, or not to its end.
type errEncoding struct{ err error }

func (e *errEncoding) Error() string { return "undo the encoding: " + e.err.Error() }
func (e *errEncoding) Unwrap() error { return e.err }

// short says that the data ended before the compression did.
func (e *errEncoding) short() bool { return errors.Is(e.err, io.ErrUnexpectedEOF) }

// copyDecoded copies a body without its encodings. An error of the body itself is
// returned as it is, also where it broke off a compression.
func copyDecoded(to io.Writer, body io.Reader, encodings []string) error {
	source := &errorRecorder{from: body}
	var decoded io.Reader = source
	for _, e := range slices.Backward(encodings) {
		next, err := decoders[e](decoded)
		if err != nil {
			return source.or(&errEncoding{unexpected(err)})
		}
		if c, ok := next.(io.Closer); ok {
			defer c.Close()
		}
		decoded = next
	}
	target := &errorRecorder{to: to}
	if _, err := io.Copy(target, decoded); err != nil {
		if target.err != nil {
			return target.err
		}
		return source.or(&errEncoding{err})
	}
	// What comes behind the end of the compression is of no use, as in browsers; but
	// a body that is cut off may have had another part of the file there.
	_, _ = io.CopyN(io.Discard, source, drainBytes)
	return source.err
}

// unexpected makes an end within the head of a compression what one later is.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// errorRecorder keeps the error of what it reads from or writes to.
type errorRecorder struct {
	from io.Reader
	to   io.Writer
	err  error
}

// Read implements io.Reader.
func (r *errorRecorder) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// Write implements io.Writer.
func (r *errorRecorder) Write(p []byte) (int, error) {
	n, err := r.to.Write(p)
	if err != nil {
		r.err = err
	}
	return n, err
}

func (r *errorRecorder) or(err error) error {
	if r.err != nil {
		return r.err
	}
	return err
}

func gunzip(r io.Reader) (io.Reader, error) {
	from := bufio.NewReader(r) // so that gzip reads no further than it must
	z, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &members{z, from}, nil
}

// members reads the members of a gzip stream one after the other. Other data
// behind one are left, as browsers do.
type members struct {
	*gzip.Reader
	from *bufio.Reader
}

// Read implements io.Reader.
func (m *members) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if err != io.EOF {
		return n, err
	}
	if magic, _ := m.from.Peek(3); len(magic) < 3 || magic[0] != 0x1f || magic[1] != 0x8b || magic[2] != 8 {
		return n, io.EOF
	}
	if err := m.Reset(m.from); err != nil {
		return n, unexpected(err)
	}
	m.Multistream(false)
	return n, nil
}

// inflate undoes deflate: in the zlib format, or without a frame, as some servers
// send it.
func inflate(r io.Reader) (io.Reader, error) {
	from := bufio.NewReader(r)
	head, err := from.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(from)
	}
	return flate.NewReader(from), nil
}
