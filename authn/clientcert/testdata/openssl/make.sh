#!/bin/sh
# Makes the certificates, list and answers of this folder by OpenSSL, whose
# encodings are not ours. Keys are thrown away. They hold from 2026 to 2036.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir new
: >index.txt
echo 01 >serial
echo 01 >crlnumber
cat >ca.cnf <<'CNF'
[ca]
default_ca = contoso
[contoso]
database = index.txt
new_certs_dir = new
serial = serial
crlnumber = crlnumber
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
default_startdate = 20260101000000Z
default_enddate = 20360101000000Z
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
domainComponent = optional
commonName = optional
emailAddress = optional
[req]
distinguished_name = dn
string_mask = utf8only
utf8 = yes
[dn]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[plain]
basicConstraints = CA:false
keyUsage = digitalSignature,keyEncipherment
extendedKeyUsage = clientAuth,1.3.6.1.4.1.311.20.2.2
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[sid]
basicConstraints = CA:false
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
subjectAltName = otherName:msUPN;UTF8:anna@contoso.example,email:anna@contoso.example
1.3.6.1.4.1.311.25.2 = ASN1:SEQUENCE:ntds
[uri]
extendedKeyUsage = clientAuth
subjectAltName = critical,@names
[names]
URI = tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-1-1-1001
[ntds]
name = IMPLICIT:0,SEQUENCE:ntds_name
[ntds_name]
type = OID:1.3.6.1.4.1.311.25.2.1
value = EXPLICIT:0,OCTETSTRING:S-1-5-21-1-1-1-1001
[ocsp]
extendedKeyUsage = OCSPSigning
keyUsage = digitalSignature
CNF
request() { openssl req -new -utf8 -config ca.cnf -nodes -keyout "$1.key" -out "$1.csr" -multivalue-rdn -subj "$2" -newkey "$3" ${4:+-pkeyopt "$4"} 2>/dev/null; }
issue() { openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in "$1.csr" -out "$1.pem" -extensions "$2" -notext ${3:+-md "$3"} 2>/dev/null; }
request ca '/C=DE/O=Contoso, Inc./CN=Contoso "Root" <CA>+OU=Prüfung' rsa:2048
openssl ca -batch -config ca.cnf -selfsign -keyfile ca.key -in ca.csr -out ca.pem -extensions root -notext 2>/dev/null
echo 7F00000000000000000000000000A1B2C3D4 >serial
for one in sid plain revoked; do request $one "/DC=example/DC=contoso/CN=Anna Müller" ec ec_paramgen_curve:P-256; done
request uri '/CN=uri' rsa:2048
request small '/CN=small' rsa:1024
request sha1 '/CN=sha1' rsa:2048
request ocsp '/CN=OCSP' ec ec_paramgen_curve:P-256
issue sid sid
issue plain plain
issue revoked sid
issue uri uri
issue small sid
issue sha1 sid sha1
issue ocsp ocsp
openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke revoked.pem -crl_reason keyCompromise 2>/dev/null
openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -crl_lastupdate 20260101000000Z -crl_nextupdate 20360101000000Z -out ca.crl 2>/dev/null
for one in sid revoked; do
	openssl ocsp -index index.txt -CA ca.pem -rsigner ocsp.pem -rkey ocsp.key -issuer ca.pem -cert $one.pem -respout $one.ocsp -ndays 3000 >/dev/null 2>&1
done
cp ca.pem sid.pem plain.pem revoked.pem uri.pem small.pem sha1.pem ca.crl sid.ocsp revoked.ocsp "$here"
