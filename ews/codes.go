package ews

import "fmt"

// A ResponseClass says whether one part of a request was done.
// [MS-OXWSCDATA].
type ResponseClass string

const (
	ResponseSuccess ResponseClass = "Success"
	ResponseWarning ResponseClass = "Warning"
	ResponseError   ResponseClass = "Error"
)

// A ResponseMessage is the outcome of one part of a request: the base of all
// answers, which they embed. [MS-OXWSCDATA].
//
// ews:type m:ResponseMessageType
type ResponseMessage struct {
	ResponseClass ResponseClass `ews:"ResponseClass,attr"`
	MessageText   string        `ews:"m:MessageText,omitempty"`
	ResponseCode  ResponseCode  `ews:"m:ResponseCode,omitempty"`
	// DescriptiveLinkKey is always 0 in what Exchange sends, and sent only
	// with errors and warnings.
	DescriptiveLinkKey *int        `ews:"m:DescriptiveLinkKey"`
	MessageXML         *MessageXML `ews:"m:MessageXml"`
}

// MessageXML carries details of an error: the property it is about, and named
// values, such as the primary address after ErrorNonPrimarySmtpAddress (Value
// Name="Primary") or BackOffMilliseconds after ErrorServerBusy. exchangelib
// reads both. [MS-OXWSCDATA].
//
// ews:lax
type MessageXML struct {
	Path   PathToElement  `ews:",inline,omitempty"`
	Values []MessageValue `ews:"t:Value"`
}

// A MessageValue is one named detail of an error.
type MessageValue struct {
	Name string `ews:"Name,attr"`
	Text string `ews:",text"`
}

// Success is the outcome of what was done.
func Success() ResponseMessage {
	return ResponseMessage{ResponseClass: ResponseSuccess, ResponseCode: NoError}
}

// Failure is the outcome of what was not done, with the code's usual text.
func Failure(code ResponseCode) ResponseMessage {
	return FailureText(code, code.Text())
}

// FailureText is Failure with a text of its own. Clients show the text to
// people and send it to logs; programs go by the code.
func FailureText(code ResponseCode, text string) ResponseMessage {
	return ResponseMessage{
		ResponseClass:      ResponseError,
		MessageText:        text,
		ResponseCode:       code,
		DescriptiveLinkKey: new(int),
	}
}

// PropertyFailure is the failure of a part of a request on account of the
// property that path names.
func PropertyFailure(code ResponseCode, path PathToElement) ResponseMessage {
	m := Failure(code)
	m.MessageXML = &MessageXML{Path: path}
	return m
}

// Skipped is the outcome of what was not tried because something before it
// failed, where the protocol stops at the first error. [MS-OXWSCDATA]
// ErrorBatchProcessingStopped.
func Skipped() ResponseMessage {
	m := Failure(ErrorBatchProcessingStopped)
	m.ResponseClass = ResponseWarning
	return m
}

// A Fault is a refusal of a whole request. The server sends it as a SOAP fault
// with HTTP status 500: .NET clients read faults at no other status.
type Fault struct {
	Code ResponseCode
	Text string // shown to the asker; empty means Code.Text()
	// Details go into the fault's MessageXml.
	Details []MessageValue
}

// Error gives code and text.
func (f *Fault) Error() string { return fmt.Sprintf("%s: %s", f.Code, f.Message()) }

// Message is the text for the asker.
func (f *Fault) Message() string {
	if f.Text == "" {
		return f.Code.Text()
	}
	return f.Text
}

// schemaFault is the refusal of content that is not what the schema says.
func schemaFault(format string, args ...any) *Fault {
	return &Fault{
		Code: ErrorSchemaValidation,
		Text: "The request failed schema validation: " + fmt.Sprintf(format, args...),
	}
}

// Text is the message Exchange sends with the code, for the codes this server
// sends. exchangelib and others match some of these texts, so they are kept
// word for word where they have been seen. Other codes say their own name.
func (c ResponseCode) Text() string {
	if t := c.itemText(); t != "" {
		return t
	}
	if t := c.requestText(); t != "" {
		return t
	}
	return string(c)
}
