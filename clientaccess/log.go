package clientaccess

import "log/slog"

// levelRequest is below Info: a busy server logs requests only when asked to.
const levelRequest = slog.LevelDebug

// attrs are the request's one log record, filled on the way.
func (s *Session) attrs() []slog.Attr {
	r := &s.record
	return []slog.Attr{
		slog.String("id", s.id),
		slog.String("action", r.Action),
		slog.String("as", r.As.String()),
		slog.String("by", r.By.String()),
		slog.String("kind", string(r.Kind)),
		slog.String("mailbox", r.Mailbox),
		slog.String("code", r.Code),
		slog.Bool("allowed", r.Allowed),
		slog.Duration("took", s.door.Now().Sub(s.started)),
	}
}
