package cmdlet

import (
	"strings"

	"entente/admin"
	"entente/transport"
)

// Queue is a row of Get-Queue.
type Queue struct {
	Identity      string `json:"Identity"` // of the send connector
	Status        string `json:"Status"`
	MessageCount  int    `json:"MessageCount"`
	NextRetryTime string `json:"NextRetryTime"`
	LastError     string `json:"LastError"`
}

// QueuedMessage is a row of Get-Message.
type QueuedMessage struct {
	Identity     string `json:"Identity"`
	Queue        string `json:"Queue"`
	FromAddress  string `json:"FromAddress"`
	Status       string `json:"Status"`
	Subject      string `json:"Subject"`
	Size         int    `json:"Size"`
	DateReceived string `json:"DateReceived"`
	RetryCount   int    `json:"RetryCount"`
	LastError    string `json:"LastError"`
	Recipients   string `json:"Recipients"`
}

func queueCmdlets() []Cmdlet {
	message := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The message, as Get-Message shows it."}
	queue := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "Name of the send connector."}
	on := func(name, verb, synopsis string, of Parameter, which func(string) admin.QueueSelection) Cmdlet {
		return Cmdlet{
			Name: name, Synopsis: synopsis, Verbs: "queue " + verb, Parameters: []Parameter{of},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "queue", verb, which(c.Text("Identity")))
				return nil, err
			},
		}
	}
	one := func(id string) admin.QueueSelection { return admin.QueueSelection{ID: id} }
	all := func(id string) admin.QueueSelection { return admin.QueueSelection{Queue: id} }
	return []Cmdlet{
		{Name: "Get-Queue", Synopsis: "Show what mail to other organizations waits, by send connector.", Verbs: "queue list", run: getQueue},
		{
			Name: "Get-Message", Synopsis: "Show the messages that wait.", Verbs: "queue messages",
			Parameters: []Parameter{{Name: "Queue", Help: "Only for this send connector."}}, run: getMessage,
		},
		on("Retry-Queue", "retry", "Try the messages for a send connector now.", queue, all),
		on("Suspend-Queue", "suspend", "Keep the messages for a send connector.", queue, all),
		on("Resume-Queue", "resume", "Let the messages for a send connector go on.", queue, all),
		on("Suspend-Message", "suspend", "Keep a message in the queue.", message, one),
		on("Resume-Message", "resume", "Let a message go on.", message, one),
		{
			Name: "Remove-Message", Synopsis: "Take a message out of the queue and tell its sender.", Verbs: "queue remove", Parameters: []Parameter{message},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "queue", "remove", admin.RemoveMessage{QueuedMessage: admin.QueuedMessage{ID: c.Text("Identity")}})
				return nil, err
			},
		},
		{Name: "Get-SendConnector", Synopsis: "Show by which smart hosts mail leaves.", Verbs: "connector list", run: getConnectors("send")},
		{Name: "Get-ReceiveConnector", Synopsis: "Show who may bring mail, and how.", Verbs: "connector list", run: getConnectors("receive")},
	}
}

func getQueue(c *call) (any, error) {
	list, err := do[[]transport.Queue](c, "queue", "list", admin.ListQueue{})
	out := make([]Queue, len(list))
	for i, q := range list {
		out[i] = Queue{Identity: q.Queue, Status: q.Status, MessageCount: q.Messages, LastError: q.LastError}
		if !q.NextRetry.IsZero() {
			out[i].NextRetryTime = q.NextRetry.Format(queueTime)
		}
	}
	return out, err
}

const queueTime = "2006-01-02T15:04:05Z07:00"

func getMessage(c *call) (any, error) {
	list, err := do[[]transport.Message](c, "queue", "messages", admin.ListMessages{Queue: c.Text("Queue"), Most: 1000})
	out := make([]QueuedMessage, len(list))
	for i := range list {
		m := &list[i]
		var to []string
		for _, t := range m.To {
			to = append(to, t.Address)
		}
		out[i] = QueuedMessage{
			Identity: m.ID, Queue: m.Queue, FromAddress: m.From, Status: m.Status, Subject: m.Subject, Size: m.Size,
			DateReceived: m.Received.Format(queueTime), RetryCount: max(m.Tries-1, 0), LastError: m.LastError, Recipients: strings.Join(to, ", "),
		}
	}
	return out, err
}

func getConnectors(way string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		list, err := do[[]transport.ConnectorInfo](c, "connector", "list", admin.Nothing{})
		out := []transport.ConnectorInfo{}
		for i := range list {
			if list[i].Way == way {
				out = append(out, list[i])
			}
		}
		return out, err
	}
}
