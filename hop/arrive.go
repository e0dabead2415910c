package hop

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"entente/clientaccess"
)

type arrivedKey struct{}

// Arrived returns the node that passed a request on to this one, "" if it came
// from outside.
func Arrived(ctx context.Context) string {
	id, _ := ctx.Value(arrivedKey{}).(string)
	return id
}

// Along marks a context as another one is: for what goes on after a request that
// another node passed on.
func Along(to, from context.Context) context.Context {
	if id := Arrived(from); id != "" {
		return context.WithValue(to, arrivedKey{}, id)
	}
	return to
}

// catchUp is how long a request of another node waits for the settings by which
// that node let it in.
const catchUp = time.Second

// Arrive stands before all handlers of the listener that nodes share with
// clients. What came over a channel of another node has that node's request id
// and the client's address, is decided by settings no older than there, and is
// marked so that it goes no further. All others go on as they are.
func (r *Router) Arrive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		from, ok, err := r.Node.Peer(in.Context(), in.TLS)
		switch {
		case err != nil:
			w.Header().Set("Retry-After", "3")
			http.Error(w, "not available now", http.StatusServiceUnavailable)
			return
		case !ok:
			next.ServeHTTP(w, in)
			return
		}
		generation, _ := strconv.ParseUint(in.Header.Get(headerGeneration), 10, 64)
		ctx, cancel := context.WithTimeout(in.Context(), catchUp)
		err = r.Directory.Reach(ctx, generation)
		cancel()
		if err != nil {
			w.Header().Set(headerGeneration, strconv.FormatUint(r.Directory.Snapshot().Generation(), 10))
			http.Error(w, "this node decides by older settings", http.StatusServiceUnavailable)
			return
		}
		ctx = context.WithValue(in.Context(), arrivedKey{}, from.ID)
		if id := in.Header.Get(headerRequest); clientaccess.ValidRequestID(id) {
			ctx = clientaccess.WithRequestID(ctx, id)
		}
		in = in.WithContext(ctx)
		if a, err := netip.ParseAddr(in.Header.Get(headerAddress)); err == nil {
			in.RemoteAddr = net.JoinHostPort(a.String(), "0")
		}
		next.ServeHTTP(w, in)
	})
}
