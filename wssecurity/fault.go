package wssecurity

import (
	"entente/soap"
	"entente/strictxml"
)

// Fault is what a request is answered with whose security is not as it must be,
// whatever is wrong with it. SOAP Message Security 1.1, 12
func Fault() *soap.Fault {
	return &soap.Fault{
		Code:   strictxml.Name{Space: SpaceSecurity, Local: "InvalidSecurity"},
		String: "An error occurred when verifying security for the message.",
	}
}
