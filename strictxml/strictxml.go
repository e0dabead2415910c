// Package strictxml is the one reader and writer of XML of this house: a
// namespace-aware pull tokenizer for SOAP and XML security alike, and an
// append encoder.
//
// The reader refuses whatever two parsers might read differently, because a
// door that reads a request one way and a decoder that reads it another way
// are a hole in the wall. Beyond well-formedness (XML 1.0 fifth edition) and
// namespace well-formedness (Namespaces in XML 1.0 third edition) it refuses
//
//   - document type declarations, so there are no entities to expand, nothing
//     to fetch, and no default attributes;
//   - processing instructions other than the XML declaration;
//   - encodings other than UTF-8 (a byte order mark is accepted), and XML 1.1;
//   - names outside ASCII: no protocol spoken here has one, and the editions
//     of XML 1.0 disagree about which of them are names;
//   - anything beyond its Limits, before doing the work.
//
// It is not a validator, keeps no tree and never opens anything. What it
// returns is as XML 1.0 says an application sees it: line ends are one \n
// (2.11), attribute values are normalized as CDATA (3.3.3), references are
// replaced.
//
// A decoder walks a document with Root, Child and Text:
//
//	r := strictxml.NewReader(body, limits)
//	for ok := r.Root(); ok && r.Child(); {
//		switch r.Name().Local {
//		case "Name":
//			v.Name = r.Text()
//		default:
//			r.Skip()
//		}
//	}
//	if err := r.Finish(); err != nil { … }
//
// XML signatures need more than that and walk with Next, which shows prefixes,
// namespace declarations and attributes as they were written.
package strictxml

import (
	"fmt"
	"strings"
)

// Limits bound what a Reader accepts. The zero Limits refuse everything.
type Limits struct {
	Bytes      int // of the whole document
	Depth      int // of nested elements
	Attributes int // of one element, namespace declarations among them
	Elements   int // of the whole document
}

// A Reason says in which way a document was refused.
type Reason uint8

const (
	Malformed  Reason = iota // not well-formed, or not namespace-well-formed
	Forbidden                // XML, but none that is read here: a DTD, UTF-16
	TooLarge                 // beyond a limit
	Unexpected               // well-formed, and not what the decoder asked for
)

// A SyntaxError says why a document was refused. Text may be shown to whoever
// sent it: it quotes at most a name of theirs.
type SyntaxError struct {
	Offset int64 // bytes before the place, a byte order mark included
	Reason Reason
	Text   string // "unknown entity", without place
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("xml: %s at byte %d", e.Text, e.Offset) }

// Position returns the line and the column of an offset, both counted from 1,
// the column in bytes, as in the MessageXml of an EWS schema fault.
func Position(doc []byte, offset int64) (line, column int) {
	before := string(doc[:min(max(offset, 0), int64(len(doc)))])
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// A Name is an expanded name: the namespace's URI, and the local part.
// An attribute without prefix is in no namespace.
type Name struct{ Space, Local string }

func (n Name) String() string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// The two namespaces that XML itself binds.
// Namespaces in XML 1.0, 3.
const (
	NamespaceXML   = "http://www.w3.org/XML/1998/namespace"
	NamespaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

// clip shortens what is quoted from a document in an error.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
