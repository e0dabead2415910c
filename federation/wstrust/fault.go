package wstrust

import (
	"strings"

	"entente/soap"
	"entente/strictxml"
)

// Fault codes of WS-Trust 11, each with the stable code of ours that stands in
// the detail.
const (
	FailedAuthentication = "FailedAuthentication"
	InvalidRequest       = "InvalidRequest"
	RequestFailed        = "RequestFailed"
	InvalidSecurityToken = "InvalidSecurityToken"
	InvalidScope         = "InvalidScope"
	ExpiredData          = "ExpiredData"
)

// Fault returns a SOAP fault in the form the broker gives it.
func Fault(v Version, code, own, text string) *soap.Fault {
	return &soap.Fault{
		Code:   strictxml.Name{Space: v.space(), Local: code},
		String: text,
		Detail: func(e *strictxml.Encoder) {
			e.Start("e:Code")
			e.Attr("xmlns:e", spaceFaults)
			e.Text(own)
			e.End("e:Code")
		},
	}
}

// A Refused is a fault that the broker answered with.
type Refused struct {
	Code string // of WS-Trust, "" if it is another
	Own  string // the broker's stable code, "" if it gave none
	Text string
}

func (r *Refused) Error() string {
	codes := strings.TrimSpace(r.Code + " " + r.Own)
	if codes != "" {
		codes = " (" + codes + ")"
	}
	return "the broker refused the token" + codes + ": " + r.Text
}

// readFault reads a fault of SOAP 1.2 5.4. All of it is somebody else's text, and
// is kept short and in one line.
func readFault(m *soap.Message) (*Refused, error) {
	f := new(Refused)
	err := m.Read(func(r *strictxml.Reader) {
		for r.Child() {
			switch r.Name() {
			case strictxml.Name{Space: soap.Namespace12, Local: "Code"}:
				f.Code = subcode(r)
			case strictxml.Name{Space: soap.Namespace12, Local: "Reason"}:
				for r.Child() {
					f.Text = line(r.Text(), 512)
				}
			case strictxml.Name{Space: soap.Namespace12, Local: "Detail"}:
				for r.Child() {
					if r.Name() == (strictxml.Name{Space: spaceFaults, Local: "Code"}) {
						f.Own = line(r.Text(), 64)
						continue
					}
					r.Skip()
				}
			default:
				r.Skip()
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// subcode reads the code below SOAP's own, if it is one of WS-Trust.
func subcode(r *strictxml.Reader) (code string) {
	for r.Child() {
		if r.Name() != (strictxml.Name{Space: soap.Namespace12, Local: "Subcode"}) {
			r.Skip()
			continue
		}
		for r.Child() {
			if r.Name() != (strictxml.Name{Space: soap.Namespace12, Local: "Value"}) {
				r.Skip()
				continue
			}
			if n := r.QName(); n.Space == space2005 || n.Space == space13 {
				code = line(n.Local, 64)
			}
		}
	}
	return code
}

// line makes a text one line of bounded length.
func line(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 }), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
