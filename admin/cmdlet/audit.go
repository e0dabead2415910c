package cmdlet

import (
	"slices"
	"strings"
	"time"

	"entente/admin"
)

// logonTypes maps Exchange's logon types to the kinds of our records. Exchange
// calls impersonation a logon of type Admin; both names find it.
var logonTypes = map[string][]string{
	"Owner":        {"Owner"},
	"Delegate":     {"Delegate", "ItemGrant"},
	"Admin":        {"Admin", "Impersonated", "Impersonated+Delegate"},
	"Impersonated": {"Impersonated", "Impersonated+Delegate"},
	"External":     {"External"},
}

// AuditEntry is a record as Search-MailboxAuditLog shows it, with the actor.
type AuditEntry struct {
	LastAccessed        string `json:"LastAccessed"`
	Operation           string `json:"Operation"`
	OperationResult     string `json:"OperationResult"`
	LogonType           string `json:"LogonType"`
	LogonUserUPN        string `json:"LogonUserUPN"` // whom it is logged as
	Actor               string `json:"Actor"`        // who really acted
	ClientRequestID     string `json:"RequestId"`
	ItemOrFolder        string `json:"Targets,omitempty"`
	OperationResultCode string `json:"Code,omitempty"`
}

func auditCmdlets() []Cmdlet {
	period := []Parameter{
		{Name: "StartDate", Kind: Time, Help: "Not before."},
		{Name: "EndDate", Kind: Time, Help: "Before."},
		{Name: "ResultSize", Help: "At most so many; Unlimited is 10,000."},
	}
	return []Cmdlet{
		{
			Name: "Search-MailboxAuditLog", Synopsis: "Search what was done in mailboxes, newest first.", Verbs: "audit search",
			Parameters: append([]Parameter{
				{Name: "Identity", First: true, Help: "The mailbox; without it, all."},
				{Name: "Mailboxes", Kind: List, Help: "Several mailboxes."},
				{Name: "LogonTypes", Kind: Enums, Values: []string{"Owner", "Delegate", "Admin", "Impersonated", "External"}, Help: "Only these."},
				{Name: "Operations", Kind: List, Help: "Only these, such as ews.UpdateItem or UpdateItem."},
				{Name: "ShowDetails", Kind: Switch, Help: "Taken; details are always shown."},
			}, period...),
			run: searchMailboxAuditLog,
		},
		{
			Name: "Search-AdminAuditLog", Synopsis: "Search what administrators did, newest first.", Verbs: "audit search",
			Parameters: append([]Parameter{
				{Name: "Cmdlets", Kind: List, Help: "Only these verbs of ours, such as assignment.create."},
				{Name: "UserIds", Kind: List, Help: "Only these administrators."},
			}, period...),
			run: searchAdminAuditLog,
		},
	}
}

func searchMailboxAuditLog(c *call) (any, error) {
	limit, err := c.resultSize(1000)
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, t := range c.list("LogonTypes") {
		kinds = append(kinds, logonTypes[t]...)
	}
	boxes := c.list("Mailboxes")
	if c.Has("Identity") {
		boxes = append(boxes, c.Text("Identity"))
	}
	if len(boxes) == 0 {
		boxes = []string{""}
	}
	list := []AuditEntry{}
	for _, box := range boxes {
		records, err := get[[]admin.RecordInfo](c, "audit", "search", c.searched(admin.SearchAudit{AuditFilter: admin.AuditFilter{Account: box}}))
		if isNotFound(err) {
			return nil, notFound(box)
		}
		if err != nil {
			return nil, err
		}
		for i := range records {
			r := &records[i]
			_, action, _ := strings.Cut(r.Action, ".")
			switch ops := c.list("Operations"); {
			case strings.HasPrefix(r.Action, "admin."):
			case kinds != nil && !slices.Contains(kinds, r.Kind):
			case ops != nil && !containsFold(ops, r.Action) && !containsFold(ops, action):
			default:
				list = append(list, entry(r))
			}
		}
	}
	return list[:min(len(list), limit)], nil
}

func searchAdminAuditLog(c *call) (any, error) {
	limit, err := c.resultSize(1000)
	if err != nil {
		return nil, err
	}
	records, err := get[[]admin.RecordInfo](c, "audit", "search", c.searched(admin.SearchAudit{}))
	list := []AuditEntry{}
	for i := range records {
		r := &records[i]
		verb, ours := strings.CutPrefix(r.Action, "admin.")
		verbs, users := c.list("Cmdlets"), c.list("UserIds")
		if ours && r.Kind == "Admin" && (verbs == nil || containsFold(verbs, verb)) && (users == nil || containsFold(users, r.By)) {
			list = append(list, entry(r))
		}
	}
	return list[:min(len(list), limit)], err
}

// searched fills in what all searches have. The filters that are ours alone are
// applied to as many records as one answer has.
func (c *call) searched(q admin.SearchAudit) admin.SearchAudit {
	if c.Has("StartDate") {
		q.Since = c.Time("StartDate").Format(time.RFC3339)
	}
	if c.Has("EndDate") {
		q.Until = c.Time("EndDate").Format(time.RFC3339)
	}
	q.Limit = maxResults
	return q
}

func entry(r *admin.RecordInfo) AuditEntry {
	e := AuditEntry{
		LastAccessed: r.Time, Operation: r.Action, OperationResult: "Succeeded", LogonType: r.Kind,
		LogonUserUPN: r.As, Actor: r.By, ClientRequestID: r.Request, ItemOrFolder: r.Targets, OperationResultCode: r.Code,
	}
	if !r.Allowed || r.Code != "" {
		e.OperationResult = "Failed"
	}
	return e
}
