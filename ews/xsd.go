package ews

import (
	_ "embed"
	"strings"
)

// The published description of the service, written by ewsgen from the types
// of this package. node-ews and others load it before their first request.
//
//go:embed schema/Services.wsdl
var servicesWSDL string

//go:embed schema/messages.xsd
var messagesXSD string

//go:embed schema/types.xsd
var typesXSD string

// A Schema is one document of the description. Clients ask for it beside the
// service's address, under its Name in any case.
type Schema struct {
	Name string
	Text []byte
}

// Schemas returns Services.wsdl, with location as the address of the service,
// messages.xsd and types.xsd. They describe what this package knows, which is
// less than what Exchange describes; see ewsgen.
func Schemas(location string) []Schema {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")
	wsdl := strings.Replace(servicesWSDL, `location=""`, `location="`+escape.Replace(location)+`"`, 1)
	return []Schema{
		{"Services.wsdl", []byte(wsdl)},
		{"messages.xsd", []byte(messagesXSD)},
		{"types.xsd", []byte(typesXSD)},
	}
}
