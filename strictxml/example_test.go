package strictxml_test

import (
	"fmt"

	"entente/strictxml"
)

func ExampleReader() {
	const doc = `<?xml version="1.0"?>
<order xmlns="urn:shop">
	<item n="2">Tea &amp; milk</item>
	<item>Sugar</item>
	<remark><b>soon</b></remark>
</order>`
	r := strictxml.NewReader([]byte(doc), strictxml.Limits{Bytes: 1 << 16, Depth: 8, Attributes: 8, Elements: 100})
	for ok := r.Root(); ok && r.Child(); {
		switch r.Name().Local {
		case "item":
			n, _ := r.Attr("n")
			fmt.Printf("%q %s\n", n, r.Text())
		default:
			r.Skip()
		}
	}
	fmt.Println(r.Finish())
	// Output:
	// "2" Tea & milk
	// "" Sugar
	// <nil>
}

func ExampleEncoder() {
	e := strictxml.NewEncoder(nil)
	e.Start("t:ItemId")
	e.Attr("Id", "AAMk=")
	e.End("t:ItemId")
	e.Elem("t:Subject", "Tea & milk")
	e.ElemInt("t:Size", 4713)
	fmt.Printf("%s\n", e.Bytes())
	// Output: <t:ItemId Id="AAMk="/><t:Subject>Tea &amp; milk</t:Subject><t:Size>4713</t:Size>
}
