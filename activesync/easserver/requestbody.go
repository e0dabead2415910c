package easserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// Bounds of a request's content, threat model section 7: what it may come to, and
// how many times as much as was sent.
const (
	maxBody  = 36 << 20
	maxRatio = 100
	// ratioFrom is how much may come of however little: short documents compress
	// well by nature.
	ratioFrom = 64 << 10
	// believed is how much of what a client says of the length is made room for.
	believed = 1 << 20
)

// requestBody reads a request's content, compressed or not.
func requestBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	from := http.MaxBytesReader(w, r.Body, maxBody)
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))) {
	case "", "identity":
		body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), believed)+bytes.MinRead))
		if _, err := body.ReadFrom(from); err != nil {
			return nil, bodyError(err)
		}
		return body.Bytes(), nil
	case "gzip", "x-gzip":
		return unzip(from)
	}
	return nil, &httpError{http.StatusUnsupportedMediaType, "the content is encoded in another way than gzip"}
}

// bodyError says why a content could not be read.
func bodyError(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return tooLarge()
	}
	return &httpError{http.StatusBadRequest, "the request ended before its end"}
}

func tooLarge() error {
	return &httpError{http.StatusRequestEntityTooLarge, "the request is larger than 36 MiB"}
}

// A counter counts what is read.
type counter struct {
	from io.Reader
	n    int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// unzip decompresses as it reads, so that memory is bounded by what comes out and
// that by what came in. It reads the content to its end, behind which nothing may
// follow: what were left of it on a connection that is parked, and then given back,
// would be taken for the next request.
func unzip(from io.Reader) ([]byte, error) {
	in := &counter{from: from}
	bad := &httpError{http.StatusBadRequest, "the content is not what its Content-Encoding says"}
	buffered := bufio.NewReader(in) // gzip reads no further into it than it has to
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, bad
	}
	z.Multistream(false)
	var out bytes.Buffer
	chunk := make([]byte, 32<<10)
	for {
		n, err := z.Read(chunk)
		out.Write(chunk[:n])
		switch {
		case out.Len() > maxBody:
			return nil, tooLarge()
		case out.Len() > ratioFrom && int64(out.Len()) > maxRatio*in.n:
			return nil, &httpError{http.StatusRequestEntityTooLarge, "the content is compressed beyond belief"}
		case errors.Is(err, io.EOF):
			if _, err := buffered.ReadByte(); !errors.Is(err, io.EOF) {
				return nil, bad
			}
			return out.Bytes(), nil
		case err != nil:
			var big *http.MaxBytesError
			if errors.As(err, &big) {
				return nil, tooLarge()
			}
			return nil, bad
		}
	}
}

// isMessage reports whether a request's content is a message and no document:
// what 12.1 sends. [MS-ASCMD] 2.2.1.17
func isMessage(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "message/rfc822"
}
