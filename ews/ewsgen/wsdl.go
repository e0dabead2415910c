package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// An operation is one we serve: its name in the service description, the Go
// types of its messages and their elements in NSMessages.
type operation struct {
	name                      string
	request, requestElement   string
	response, responseElement string
}

// loadOperations reads the table named operations: rows of an element name, an
// operation name and, if it is served, a function with new(Request) in it.
func (m *model) loadOperations(f *ast.File) error {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		v := g.Specs[0].(*ast.ValueSpec)
		if v.Names[0].Name != "operations" || len(v.Values) != 1 {
			continue
		}
		for _, row := range v.Values[0].(*ast.CompositeLit).Elts {
			c := row.(*ast.CompositeLit)
			o := operation{requestElement: str(c.Elts[0]), name: str(c.Elts[1]), request: newOf(c.Elts[2])}
			o.response = strings.TrimSuffix(o.request, "Request") + "Response"
			o.responseElement = o.name + "Response"
			if o.request == "" {
				continue
			}
			if m.types[o.request] == nil || m.types[o.response] == nil {
				return fmt.Errorf("operation %s: no type %s or %s", o.name, o.request, o.response)
			}
			m.operations = append(m.operations, o)
		}
	}
	return nil
}

// newOf finds X in an expression that holds new(X).
func newOf(e ast.Expr) string {
	name := ""
	ast.Inspect(e, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && exprName(c.Fun) == "new" {
			name = exprName(c.Args[0])
		}
		return true
	})
	return name
}

// inHeaders are the parts of a request that go as SOAP headers. Their names
// are the published description's, and code generated from that uses them.
var inHeaders = [][2]string{
	{"Impersonation", "ExchangeImpersonation"},
	{"MailboxCulture", "MailboxCulture"},
	{"RequestVersion", "RequestServerVersion"},
	{"TimeZoneContext", "TimeZoneContext"},
	{"DateTimePrecision", "DateTimePrecision"},
	{"ManagementRole", "ManagementRole"},
}

// wsdl writes the service description. The address is left empty; whoever
// serves the description fills it in.
func wsdl(ops []operation) []byte {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p(`<wsdl:definitions xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="%s" xmlns:t="%s"`, nsMessages, nsTypes)
	p(` xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="%s">`, nsMessages)
	p(`<wsdl:types><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">`)
	p(`<xs:import namespace="%s" schemaLocation="messages.xsd"/></xs:schema></wsdl:types>`, nsMessages)
	for _, o := range ops {
		wsdlMessages(p, o)
	}
	p(`<wsdl:portType name="ExchangeServicePortType">`)
	for _, o := range ops {
		p(`<wsdl:operation name="%[1]s"><wsdl:input message="tns:%[1]sSoapIn"/><wsdl:output message="tns:%[1]sSoapOut"/></wsdl:operation>`, o.name)
	}
	p(`</wsdl:portType><wsdl:binding name="ExchangeServiceBinding" type="tns:ExchangeServicePortType">`)
	p(`<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>`)
	for _, o := range ops {
		wsdlBinding(p, o)
	}
	p(`</wsdl:binding><wsdl:service name="ExchangeServices"><wsdl:port name="ExchangeServicePort" binding="tns:ExchangeServiceBinding">`)
	p(`<soap:address location=""/></wsdl:port></wsdl:service></wsdl:definitions>`)
	return []byte(b.String())
}

func wsdlMessages(p func(string, ...any), o operation) {
	p(`<wsdl:message name="%sSoapIn"><wsdl:part name="%s" element="tns:%s"/>`, o.name, requestPart(o), o.requestElement)
	for _, h := range inHeaders {
		p(`<wsdl:part name="%s" element="t:%s"/>`, h[0], h[1])
	}
	p(`</wsdl:message><wsdl:message name="%[1]sSoapOut"><wsdl:part name="%[1]sResult" element="tns:%[2]s"/>`, o.name, o.responseElement)
	p(`<wsdl:part name="ServerVersion" element="t:ServerVersionInfo"/></wsdl:message>`)
}

// requestPart is "request", but for the older operations whose element is not
// named like them.
func requestPart(o operation) string {
	if o.requestElement == o.name {
		return "request"
	}
	return o.requestElement
}

func wsdlBinding(p func(string, ...any), o operation) {
	p(`<wsdl:operation name="%s"><soap:operation soapAction="%s/%s"/><wsdl:input>`, o.name, nsMessages, o.name)
	for _, h := range inHeaders {
		p(`<soap:header message="tns:%sSoapIn" part="%s" use="literal"/>`, o.name, h[0])
	}
	p(`<soap:body parts="%s" use="literal"/></wsdl:input><wsdl:output>`, requestPart(o))
	p(`<soap:body parts="%[1]sResult" use="literal"/><soap:header message="tns:%[1]sSoapOut" part="ServerVersion" use="literal"/>`, o.name)
	p(`</wsdl:output></wsdl:operation>`)
}
