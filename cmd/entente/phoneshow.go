package main

import (
	"cmp"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/activesync"
	"entente/activesync/easclient"
	"entente/activesync/wbxml"
)

// phoneShown is what a phone shows on its screens.
type phoneShown struct {
	User         string             `json:"user"`
	URL          string             `json:"url"`
	Version      string             `json:"version"`
	Policy       map[string]string  `json:"policy,omitempty" table:"-"`
	Requests     int                `json:"requests"`
	Folders      []phoneFolder      `json:"folders"`
	Mails        []phoneMail        `json:"mails"`
	Appointments []phoneAppointment `json:"appointments"`
	Contacts     []phoneContact     `json:"contacts"`
	Tasks        []phoneNote        `json:"tasks"`
	Notes        []phoneNote        `json:"notes"`
}

type phoneFolder struct {
	Folder string `json:"folder"`
	Class  string `json:"class"`
	Items  int    `json:"items"`
	Unread int    `json:"unread"`
}

type phoneMail struct {
	Received time.Time `json:"received"`
	From     string    `json:"from"`
	Subject  string    `json:"subject"`
	Unread   bool      `json:"unread"`
	Folder   string    `json:"folder"`
	Preview  string    `json:"preview" table:"-"`
}

type phoneAppointment struct {
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Subject  string    `json:"subject"`
	Location string    `json:"location"`
	Repeats  bool      `json:"repeats"`
}

type phoneContact struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone"`
}

type phoneNote struct {
	Subject string `json:"subject"`
	Done    bool   `json:"complete"`
}

// phoneNews is what came while the phone waited.
type phoneNews struct {
	Waited string       `json:"waited"`
	News   []phoneEvent `json:"news"`
}

type phoneEvent struct {
	What    string `json:"what"` // new, changed, gone
	Folder  string `json:"folder"`
	From    string `json:"from"`
	Subject string `json:"subject"`
}

// shownOn collects what a phone shows, n of each kind.
func shownOn(p *easclient.Phone, n int, now time.Time) phoneShown {
	s := phoneShown{
		User: p.User, URL: cmp.Or(p.At, p.URL), Version: p.Speaks.String(), Policy: p.Policy, Requests: p.Requests(),
		Folders: []phoneFolder{}, Mails: []phoneMail{}, Appointments: []phoneAppointment{}, Contacts: []phoneContact{},
	}
	for _, f := range p.Sorted() {
		line := phoneFolder{Folder: f.Name, Class: string(f.Class()), Items: len(f.Items)}
		for _, it := range f.Items {
			switch f.Class() {
			case activesync.Email:
				if it.Get(wbxml.EmailRead) == "0" {
					line.Unread++
				}
				s.Mails = append(s.Mails, mailOf(f, it))
			case activesync.Calendar:
				if a, ok := nextOf(it, now); ok {
					s.Appointments = append(s.Appointments, a)
				}
			case activesync.Contacts:
				s.Contacts = append(s.Contacts, contactOf(it))
			case activesync.Tasks:
				s.Tasks = append(s.Tasks, phoneNote{it.Get(wbxml.TasksSubject), it.Get(wbxml.TasksComplete) == "1"})
			case activesync.Notes:
				s.Notes = append(s.Notes, phoneNote{Subject: it.Get(wbxml.NotesSubject)})
			}
		}
		s.Folders = append(s.Folders, line)
	}
	s.Mails = first(s.Mails, n, func(a, b phoneMail) int {
		return cmp.Or(b.Received.Compare(a.Received), cmp.Compare(a.Subject, b.Subject))
	})
	s.Appointments = first(s.Appointments, n, func(a, b phoneAppointment) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Subject, b.Subject))
	})
	s.Contacts = first(s.Contacts, n, func(a, b phoneContact) int { return cmp.Compare(a.Name+a.Email, b.Name+b.Email) })
	s.Tasks = first(s.Tasks, n, func(a, b phoneNote) int { return cmp.Compare(a.Subject, b.Subject) })
	s.Notes = first(s.Notes, n, func(a, b phoneNote) int { return cmp.Compare(a.Subject, b.Subject) })
	return s
}

// first returns the first n in an order.
func first[T any](all []T, n int, order func(a, b T) int) []T {
	slices.SortFunc(all, order)
	return all[:min(n, len(all))]
}

func mailOf(f *easclient.Folder, it *easclient.Item) phoneMail {
	received, _ := time.Parse("2006-01-02T15:04:05.000Z", it.Get(wbxml.EmailDateReceived))
	return phoneMail{
		Received: received, From: person(it.Get(wbxml.EmailFrom)), Subject: it.Get(wbxml.EmailSubject),
		Unread: it.Get(wbxml.EmailRead) == "0", Folder: f.Name, Preview: preview(it),
	}
}

// person is the name of an address, as phones show it.
func person(from string) string {
	if a, err := mail.ParseAddress(from); err == nil {
		return cmp.Or(a.Name, a.Address)
	}
	return from
}

// preview is the beginning of a body.
func preview(it *easclient.Item) string {
	body := it.Data.Child(wbxml.AirSyncBaseBody)
	text := cmp.Or(body.Get(wbxml.AirSyncBasePreview), body.Get(wbxml.AirSyncBaseData))
	if body.Get(wbxml.AirSyncBaseType) == "2" && !body.Has(wbxml.AirSyncBasePreview) {
		text = withoutTags(text)
	}
	words := strings.Fields(text)
	text = strings.Join(words[:min(len(words), 20)], " ")
	r := []rune(text)
	return string(r[:min(len(r), 120)])
}

// withoutTags drops what stands between angle brackets.
func withoutTags(s string) string {
	var b strings.Builder
	for {
		text, rest, ok := strings.Cut(s, "<")
		b.WriteString(text)
		if !ok {
			return b.String()
		}
		b.WriteByte(' ')
		_, s, _ = strings.Cut(rest, ">")
	}
}

func contactOf(it *easclient.Item) phoneContact {
	name := strings.TrimSpace(it.Get(wbxml.ContactsFirstName) + " " + it.Get(wbxml.ContactsLastName))
	return phoneContact{
		Name:  cmp.Or(it.Get(wbxml.ContactsFileAs), name, it.Get(wbxml.ContactsCompanyName)),
		Email: it.Get(wbxml.ContactsEmail1Address),
		Phone: cmp.Or(it.Get(wbxml.ContactsMobilePhoneNumber), it.Get(wbxml.ContactsBusinessPhoneNumber), it.Get(wbxml.ContactsHomePhoneNumber)),
	}
}

// newsOn lists what a phone has that it had not before, or no more, or otherwise.
func newsOn(p *easclient.Phone, before *easclient.State) []phoneEvent {
	var news []phoneEvent
	for _, f := range p.Sorted() {
		old := map[string]*easclient.Item{}
		if was := before.Folders[f.ID]; was != nil {
			old = was.Items
		}
		for _, id := range slices.Sorted(maps.Keys(f.Items)) {
			switch it := f.Items[id]; {
			case old[id] == nil:
				news = append(news, eventOf("new", f, it))
			case old[id] != it:
				news = append(news, eventOf("changed", f, it))
			}
		}
		for _, id := range slices.Sorted(maps.Keys(old)) {
			if f.Items[id] == nil {
				news = append(news, eventOf("gone", f, old[id]))
			}
		}
	}
	return news
}

func eventOf(what string, f *easclient.Folder, it *easclient.Item) phoneEvent {
	e := phoneEvent{What: what, Folder: f.Name}
	switch it.Class {
	case activesync.Email:
		e.From, e.Subject = person(it.Get(wbxml.EmailFrom)), it.Get(wbxml.EmailSubject)
	case activesync.Calendar:
		e.From, e.Subject = it.Get(wbxml.CalendarOrganizerName), it.Get(wbxml.CalendarSubject)
	case activesync.Contacts:
		e.Subject = contactOf(it).Name
	case activesync.Tasks:
		e.Subject = it.Get(wbxml.TasksSubject)
	case activesync.Notes:
		e.Subject = it.Get(wbxml.NotesSubject)
	}
	return e
}

// number reads a number of an element; 0 if it is none.
func number(e *wbxml.Element, t wbxml.Tag) int {
	n, _ := strconv.Atoi(e.Get(t))
	return n
}
