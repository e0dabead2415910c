package soap

import "entente/strictxml"

// Namespaces of the faults of Exchange. [MS-OXWSCDATA] 2.2.3
const (
	typesNamespace  = "http://schemas.microsoft.com/exchange/services/2006/types"
	errorsNamespace = "http://schemas.microsoft.com/exchange/services/2006/errors"
)

// ExchangeFault returns a fault in the form Exchange gives it: the response
// code as fault code and again in the detail, where clients look for it.
// Message stands in the detail; it is the text itself unless that says more.
// What more writes follows in the detail, and declares its own namespaces:
// t:MessageXml, mostly.
func ExchangeFault(responseCode, text, message string, more func(*strictxml.Encoder)) *Fault {
	return &Fault{
		Code:   strictxml.Name{Space: typesNamespace, Local: responseCode},
		String: text,
		Detail: func(e *strictxml.Encoder) {
			detail(e, "e:ResponseCode", responseCode)
			detail(e, "e:Message", message)
			if more != nil {
				more(e)
			}
		},
	}
}

func detail(e *strictxml.Encoder, qname, text string) {
	e.Start(qname)
	e.Attr("xmlns:e", errorsNamespace)
	e.Text(text)
	e.End(qname)
}

// SchemaFault returns the fault of a request that does not follow the schema,
// as Exchange answers it: where, and what is violated.
func SchemaFault(violation string, line, column int) *Fault {
	const text = "The request failed schema validation"
	return ExchangeFault("ErrorSchemaValidation", text+": "+violation, text+".", func(e *strictxml.Encoder) {
		e.Start("t:MessageXml")
		e.Attr("xmlns:t", typesNamespace)
		e.ElemInt("t:LineNumber", int64(line))
		e.ElemInt("t:LinePosition", int64(column))
		e.Elem("t:Violation", violation)
		e.End("t:MessageXml")
	})
}
