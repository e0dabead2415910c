package soap_test

import (
	"fmt"

	"entente/soap"
	"entente/strictxml"
)

func Example() {
	const request = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:e="urn:echo">
	<s:Header><e:Loud>yes</e:Loud></s:Header>
	<s:Body><e:Say>hello</e:Say></s:Body>
</s:Envelope>`
	loud, say := strictxml.Name{Space: "urn:echo", Local: "Loud"}, ""
	m, err := soap.Open([]byte(request), strictxml.Limits{Bytes: 1 << 16, Depth: 16, Attributes: 16, Elements: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	if found, err := m.ReadHeader(loud, (*strictxml.Reader).Skip); err != nil || !found {
		fmt.Println("quiet", err)
	}
	if err := m.MustUnderstand(loud); err != nil {
		fmt.Println(err)
	}
	if err := m.Read(func(r *strictxml.Reader) { say = r.Text() }); err != nil {
		fmt.Println(err)
	}
	e := strictxml.NewEncoder(nil)
	soap.Begin(e, m.Version, []soap.Namespace{{Prefix: "e", URI: "urn:echo"}}, nil)
	e.Elem("e:Said", say)
	soap.End(e)
	fmt.Println(m.Operation())
	fmt.Printf("%s\n", e.Bytes())
	// Output:
	// {urn:echo}Say
	// <?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:e="urn:echo"><s:Body><e:Said>hello</e:Said></s:Body></s:Envelope>
}
