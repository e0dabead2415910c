package outgoing

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// How a connection that is kept open is known to be alive: asked after a
// silence, and given up if no answer comes.
const (
	aliveAfter = 30 * time.Second
	aliveLimit = 15 * time.Second
)

// Over returns a transport for the one connection it is given, which is open
// already: one that Dial made, or one that the other side opened, over which it
// wants to be asked. It speaks HTTP/2 (RFC 9113 3.3, with prior knowledge), so
// the connection brings its own protection, and URLs are plain http whose host
// means nothing. It never opens another: when the connection is gone, requests
// fail.
func Over(c net.Conn) *http.Transport {
	var taken atomic.Bool
	h2 := new(http.Protocols)
	h2.SetUnencryptedHTTP2(true)
	return &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			if taken.Swap(true) {
				return nil, errGone
			}
			return c, nil
		},
		Protocols:              h2,
		MaxResponseHeaderBytes: maxHeader,
		HTTP2: &http.HTTP2Config{
			StrictMaxConcurrentRequests: true,
			SendPingTimeout:             aliveAfter, PingTimeout: aliveLimit,
		},
	}
}

var errGone = errors.New("the connection is gone")
