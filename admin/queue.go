package admin

import (
	"context"
	"strconv"

	"entente"
	"entente/transport"
)

// Mail is this node's part of the mail service, as the verbs need it. NotFound if it
// has none.
type Mail interface {
	Queues(ctx context.Context) ([]transport.Queue, error)
	Messages(ctx context.Context, which transport.Selection, most int) ([]transport.Message, error)
	// RetryNow has messages tried at once, Suspend keeps them or lets them go on.
	RetryNow(ctx context.Context, which transport.Selection) (int, error)
	Suspend(ctx context.Context, which transport.Selection, yes bool) (int, error)
	// Remove takes a message out and, if tell, tells its sender so.
	Remove(ctx context.Context, id string, tell bool) error
	Connectors() ([]transport.ConnectorInfo, error)
}

// ListQueue lists the queues of mail to other organizations: Get-Queue.
type ListQueue struct{}

// ListQueue shows what waits for each send connector. Nothing waits for those that
// are not named.
func (a *API) ListQueue(ctx context.Context, _ ListQueue) ([]transport.Queue, error) {
	return a.Mail.Queues(ctx)
}

// ListMessages lists messages of a queue: Get-Message.
type ListMessages struct {
	Queue string `json:"queue,omitempty" arg:"" optional:"" help:"Name of the send connector. Default: all."`
	Most  int    `json:"most,omitempty" help:"How many at most, the oldest first. Default 100."`
}

// ListMessages shows messages that wait.
func (a *API) ListMessages(ctx context.Context, q ListMessages) ([]transport.Message, error) {
	if q.Most <= 0 {
		q.Most = 100
	}
	return a.Mail.Messages(ctx, transport.Selection{Queue: q.Queue}, q.Most)
}

// QueuedMessage names a message.
type QueuedMessage struct {
	ID string `json:"id" arg:"" help:"Of the message, as entente queue messages shows it."`
}

// ShowMessage shows one message that waits, and for whom.
func (a *API) ShowMessage(ctx context.Context, q QueuedMessage) (transport.Message, error) {
	if q.ID == "" {
		return transport.Message{}, entente.Errorf(entente.Invalid, "name the message")
	}
	all, err := a.Mail.Messages(ctx, transport.Selection{ID: q.ID}, 1)
	if err != nil {
		return transport.Message{}, err
	}
	return all[0], nil
}

// QueueSelection names what of the queue is meant.
type QueueSelection struct {
	ID    string `json:"id,omitempty" help:"Of one message."`
	Queue string `json:"queue,omitempty" arg:"" optional:"" help:"Name of a send connector: all messages for it. Default: all there are."`
}

func (q QueueSelection) selection() transport.Selection {
	return transport.Selection{ID: q.ID, Queue: q.Queue}
}

// onQueue carries out something about messages that leaves a record.
func (a *API) onQueue(ctx context.Context, action, did string, q QueueSelection, f func(transport.Selection) (int, error)) (Done, error) {
	n := 0
	err := a.recorded(ctx, action, []string{q.selection().String()}, func() (err error) {
		n, err = f(q.selection())
		return err
	})
	return Done{strconv.Itoa(n) + " messages " + did}, err
}

// RetryQueue has messages tried at once: Retry-Queue.
func (a *API) RetryQueue(ctx context.Context, q QueueSelection) (Done, error) {
	return a.onQueue(ctx, "queue.retry", "are tried now", q, func(w transport.Selection) (int, error) { return a.Mail.RetryNow(ctx, w) })
}

// SuspendQueue keeps messages in the queue: Suspend-Message, Suspend-Queue.
func (a *API) SuspendQueue(ctx context.Context, q QueueSelection) (Done, error) {
	return a.onQueue(ctx, "queue.suspend", "are suspended", q, func(w transport.Selection) (int, error) { return a.Mail.Suspend(ctx, w, true) })
}

// ResumeQueue lets suspended messages go on: Resume-Message, Resume-Queue.
func (a *API) ResumeQueue(ctx context.Context, q QueueSelection) (Done, error) {
	return a.onQueue(ctx, "queue.resume", "go on", q, func(w transport.Selection) (int, error) { return a.Mail.Suspend(ctx, w, false) })
}

// RemoveMessage takes a message out of the queue: Remove-Message.
type RemoveMessage struct {
	QueuedMessage
	Quiet bool `json:"quiet,omitempty" help:"Do not tell the sender (Remove-Message -WithNDR $false)."`
}

// RemoveMessage takes a message out of the queue.
func (a *API) RemoveMessage(ctx context.Context, q RemoveMessage) (Done, error) {
	err := a.recorded(ctx, "queue.remove", []string{q.ID}, func() error { return a.Mail.Remove(ctx, q.ID, !q.Quiet) })
	return Done{"message " + q.ID + " is no longer in the queue"}, err
}

// ListConnectors shows the connectors of this node: Get-SendConnector,
// Get-ReceiveConnector. They are set in its configuration.
func (a *API) ListConnectors(context.Context, Nothing) ([]transport.ConnectorInfo, error) {
	return a.Mail.Connectors()
}
