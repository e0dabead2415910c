package access

import (
	"strings"
	"testing"

	"entente"
)

func TestParseIdentity(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		got, err := ParseIdentity(in)
		if err != nil || got != want {
			t.Errorf("%q: %q %v\nwant %q", in, got, err, want)
			return
		}
		if again, err := ParseIdentity(got); err != nil || again != got {
			t.Errorf("%q, read again, is %q %v", got, again, err)
		}
	}
	refuse := func(in string) {
		t.Helper()
		if got, err := ParseIdentity(in); err == nil {
			t.Errorf("%q: %q", in, got)
		}
	}
	const contoso = `X509:<I>DC=com,DC=contoso,CN=contoso-dc-ca<SR>1200000000ac11000000002b`
	// As Active Directory has it, as people write it, and as the viewer shows it.
	test(`X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B`, contoso)
	test(`x509:<i>CN=CONTOSO-DC-CA, DC=contoso, DC=com<sr>12 00 00 00 00 AC 11 00 00 00 00 2B`, contoso)
	test(` X509: <I> DC = com , DC=contoso;CN="CONTOSO-DC-CA" <SR> 12:00:00:00:00:ac:11:00:00:00:00:2b `, contoso)
	test(`X509:<I>CN=CA<SR>8000`, `X509:<I>CN=ca<SR>80`) // the sign byte of DER
	test(`X509:<I>CN=CA<SR>00`, `X509:<I>CN=ca<SR>00`)
	test(`X509:<I>C=US,O=U.S. Government,OU=DoD,OU=PKI,CN=DOD ID CA-59<SR>78563412`, `X509:<I>C=us,O=u.s. government,OU=dod,OU=pki,CN=dod id ca-59<SR>78563412`)
	test(`X509:<I>CN="Contoso, Inc. ""Root"" <SR>",ST=Berlin,C=DE<SR>01`, `X509:<I>C=de,S=berlin,CN=contoso\, inc. \"root\" \<sr\><SR>01`)
	test(`X509:<I>CN=Contoso\2C Inc.\, EU,C=DE<SR>01`, `X509:<I>C=de,CN=contoso\, inc.\, eu<SR>01`)
	test(`X509:<I>OID.2.5.4.3=x+2.5.4.11=y,C=DE<SR>01`, `X509:<I>C=de,CN=x+OU=y<SR>01`)
	test(`X509:<I>1.2.3.4=x,C=DE<SR>01`, `X509:<I>C=de,OID.1.2.3.4=x<SR>01`)
	test(`X509:<SKI>0A:bC`, `X509:<SKI>0abc`)
	test(`X509:<SHA1-PUKEY>50BF88E67522AB8CE093CE51830AB0BCF8BA7824`, `X509:<SHA1-PUKEY>50bf88e67522ab8ce093ce51830ab0bcf8ba7824`)
	test(`X509:<S>CN=Anna,DC=contoso,DC=example`, `X509:<S>DC=example,DC=contoso,CN=anna`)
	test(`X509:<I>CN=CA<S>E=anna@contoso.example,CN=Anna`, `X509:<I>CN=ca<S>E=anna@contoso.example,CN=anna`)
	test(`X509:<RFC822>Anna@Contoso.example`, `X509:<RFC822>anna@contoso.example`)
	test(`kerberos:Anna@contoso.example`, `Kerberos:anna@CONTOSO.EXAMPLE`)
	for _, in := range []string{
		"", "X509:", "X509:x", "X509:<I>CN=CA", "X509:<SR>01", "X509:<I>CN=CA<SR>", "X509:<I>CN=CA<SR>xy", "X509:<I>CN=CA<SR>0",
		"X509:<I>CN=CA<SR>" + strings.Repeat("01", 22), "X509:<I><SR>01", "X509:<I>CA<SR>01", "X509:<I>CN=CA,<SR>01", "X509:<I>CN=\"CA<SR>01",
		"X509:<I>CN=C\"A<SR>01", "X509:<I>CN=CA\\<SR>01", "X509:<I>CN=a\x00<SR>01", "X509:<I>CN=a\\00<SR>01", "X509:<I>CN=a<SR>01<SKI>02",
		"X509:x<SKI>01", "X509:<SHA1-PUKEY>00", "X509:<RFC822>anna", "X509:<S>", "X509:<X>y", "X509:<I", "Kerberos:anna", "Kerberos:@R", "Kerberos:a@",
		"Other:x", "X509:<I>CN=" + strings.Repeat("a", maxIdentity) + "<SR>01", "X509:<I>..=x<SR>01", "X509:<I>X=x<SR>01",
		"X509:<S>" + strings.Repeat("CN=a,", maxRelative) + "CN=a",
	} {
		refuse(in)
	}
}

func TestWeakIdentity(t *testing.T) {
	test := func(in string, want bool) {
		t.Helper()
		s, err := ParseIdentity(in)
		if err != nil || WeakIdentity(s) != want {
			t.Errorf("%s: %v", in, err)
		}
	}
	test("X509:<I>CN=a<SR>01", false)
	test("X509:<I>CN=\\<S\\>x<SR>01", false)
	test("X509:<SKI>01", false)
	test("Kerberos:a@B", false)
	test("X509:<I>CN=a<S>CN=b", true)
	test("X509:<S>CN=b", true)
	test("X509:<RFC822>anna@contoso.example", true)
}

// TestFindIdentity: an identity that two accounts claim is nobody's, until one of
// them lets go of it.
func TestFindIdentity(t *testing.T) {
	key := KeyIDIdentity([]byte{1})
	anna := Account{Principal: Principal{SID: personSID(1)}, Name: "anna", Identities: []string{key, key}}
	eva := Account{Principal: Principal{SID: personSID(2)}, Name: "eva", Identities: []string{key}}
	s := Compile(Facts{Accounts: []Account{anna}})
	test := func(s *Snapshot, want string) {
		t.Helper()
		if a, _ := s.FindIdentity(key); a.Name != want {
			t.Errorf("%q, want %q", a.Name, want)
		}
	}
	test(s, "anna")
	both := s.With(Delta{PutAccounts: []Account{eva}})
	test(both, "")
	eva.Identities = nil
	test(both.With(Delta{PutAccounts: []Account{eva}}), "anna")
	test(s, "anna")
}

func TestKnowsDomain(t *testing.T) {
	s := Compile(Facts{Organization: Organization{DomainSID: "S-1-5-21-1-1-1"}, Realms: []Realm{{"R", "S-1-5-21-8-8-8"}}})
	test := func(sid entente.SID, want bool) {
		t.Helper()
		if s.KnowsDomain(sid) != want {
			t.Errorf("%s: %t", sid, !want)
		}
	}
	test("S-1-5-21-1-1-1-500", true)
	test("S-1-5-21-8-8-8-500", true)
	test("S-1-5-21-8-8-8-0500", false)
	test("S-1-5-21-8-8-8-5-1", false)
	test("S-1-5-21-9-9-9-500", false)
	test("S-1-5-21-1-1-1", false)
	test("", false)
	if Compile(Facts{}).KnowsDomain("S-1-5-21-1-1-1-500") {
		t.Error("known to an organization without a domain")
	}
}

// FuzzIdentity: what is read is read again as the same, and nothing panics.
func FuzzIdentity(f *testing.F) {
	f.Add(`X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B`)
	f.Add(`X509:<I>CN="Contoso, Inc. ""Root"" <SR>",ST=Berlin,C=DE<SR>01`)
	f.Add(`X509:<S>CN=a\2C\,b+OU=\ x\ ,OID.1.2.3=#0c`)
	f.Add(`X509:<SHA1-PUKEY>50BF88E67522AB8CE093CE51830AB0BCF8BA7824`)
	f.Add(`X509:<RFC822>a@b.example`)
	f.Add(`Kerberos:a@b@C`)
	f.Fuzz(func(t *testing.T, in string) {
		got, err := ParseIdentity(in)
		if err != nil {
			return
		}
		again, err := ParseIdentity(got)
		if len(got) <= maxIdentity && (err != nil || again != got) {
			t.Fatalf("%q is %q, and read again %q %v", in, got, again, err)
		}
	})
}
