package main

import (
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"entente"
	"entente/admin"
	"entente/admin/adminclient"
)

type federationCmd struct {
	Enable enableFederation `cmd:"" help:"Go from nothing to free/busy with a first partner, step by step; what is done already is left."`

	Information federationInformationCmd                    `cmd:"" help:"Look for another organization and show what it says of itself, step by step."`
	Show        remote[admin.Nothing, admin.FederationInfo] `cmd:"" help:"Show the federation trust, its domains and its certificates."`
	Create      createFederation                            `cmd:"" help:"Make the federation trust with a broker."`
	Set         done[admin.SetFederation]                   `cmd:"" help:"Change what is set of the federation trust."`
	SwitchOn    done[admin.Nothing]                         `cmd:"" name:"switch-on" help:"Have federation work again."`
	SwitchOff   done[admin.Nothing]                         `cmd:"" name:"switch-off" help:"Stop all federation at once; what is set stays."`
	Remove      done[admin.Nothing]                         `cmd:"" help:"End the federation trust, once no domain is federated."`
	Confirm     done[admin.Nothing]                         `cmd:"" help:"Take the federation trust for right as it is, after its table was altered by SQL and looked at."`
	Test        testFederation                              `cmd:"" help:"Try whether the federation trust works, down to a real token."`
	Refresh     done[admin.RefreshFederation]               `cmd:"" help:"Read the broker's metadata now; it is done by itself."`
	Recover     recoverFederation                           `cmd:"" help:"Replace a certificate that has expired or is lost, by the AdminKey and a record in DNS."`

	Namespace    remote[admin.DomainName, admin.FederatedDomain]         `cmd:"" help:"Make a domain the account namespace, which names the organization to its partners."`
	Domains      remote[admin.FederatedDomains, []admin.FederatedDomain] `cmd:"" help:"List the federated domains, and those that wait for their proof."`
	AddDomain    remote[admin.DomainName, admin.FederatedDomain]         `cmd:"" name:"add-domain" help:"Federate an accepted domain."`
	CheckDomain  remote[admin.DomainName, admin.FederatedDomain]         `cmd:"" name:"check-domain" help:"Have the broker look for a domain's proof now."`
	RemoveDomain done[admin.RemoveFederatedDomain]                       `cmd:"" name:"remove-domain" help:"End the federation of a domain; the account namespace's is the last."`
	Proof        remote[admin.FederatedDomainProof, []admin.DomainProof] `cmd:"" help:"Show the records that prove whose a domain is."`
	Pending      done[admin.PendFederatedDomains]                        `cmd:"" help:"Note what is to be federated once its records are in DNS."`

	Certificates        remote[admin.Nothing, []admin.CertificateInfo]                `cmd:"" help:"List the trust's certificates, and those that could become its next one."`
	CheckCertificate    remote[admin.CertificateName, []admin.CertificateCheck]       `cmd:"" name:"check-certificate" help:"Check a certificate against the rules for federation."`
	TestCertificates    remote[admin.Nothing, []admin.NodeCertificate]                `cmd:"" name:"test-certificates" help:"Tell which nodes can use which certificates."`
	NewCertificate      remote[admin.NewFederationCertificate, admin.CertificateMade] `cmd:"" name:"new-certificate" help:"Make a self-signed certificate."`
	RequestCertificate  remote[admin.NewFederationCertificate, admin.CertificateMade] `cmd:"" name:"request-certificate" help:"Make a key and a request for a CA."`
	CompleteCertificate certificateFile                                               `cmd:"" name:"complete-certificate" help:"Keep the certificate that a CA made of a request."`
	ImportCertificate   certificateFile                                               `cmd:"" name:"import-certificate" help:"Keep a certificate with its key, from PKCS #12 or PEM."`
	ExportCertificate   exportCertificate                                             `cmd:"" name:"export-certificate" help:"Give a certificate out with its key, as PKCS #12; it is recorded."`
	RemoveCertificate   done[admin.CertificateName]                                   `cmd:"" name:"remove-certificate" help:"Forget a certificate that is not the trust's, or a request."`
	NextCertificate     done[admin.CertificateName]                                   `cmd:"" name:"next-certificate" help:"Make a certificate the trust's next one; nothing uses it yet."`
	Publish             done[admin.Nothing]                                           `cmd:"" help:"Have the next certificate used; refused while a node lacks its key."`
}

// A secretFlag is a secret that is read from standard input, never from the
// command line, where others see it.
type secretFlag struct {
	Stdin bool `help:"Read the secret (AdminKey, password) from standard input, up to the end of the line."`
}

func (f secretFlag) read(t *terminal) (string, error) {
	if !f.Stdin {
		return "", nil
	}
	text, err := io.ReadAll(io.LimitReader(t.in, 1<<10))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", entente.Errorf(entente.Invalid, "standard input has no secret")
	}
	return line, nil
}

type testFederation struct {
	admin.TestFederation
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run tries the trust, and fails if a trial does: monitoring looks at that.
func (c *testFederation) Run(t *terminal, socket adminFlag) error {
	var all []admin.FederationTrial
	if err := adminclient.New(string(socket)).Call(t.ctx, "federation", "test", c.TestFederation, &all); err != nil {
		return err
	}
	if err := printed(t, all, c.JSON); err != nil {
		return err
	}
	for _, x := range all {
		if x.Type == "Error" {
			return entente.Errorf(entente.Unavailable, "%s: %s", x.ID, x.Message)
		}
	}
	return nil
}

type createFederation struct {
	admin.CreateFederation
	secretFlag
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run makes the trust.
func (c *createFederation) Run(t *terminal, k *kong.Context, socket adminFlag) (err error) {
	if c.AdminKey, err = c.read(t); err != nil {
		return err
	}
	return ask[admin.FederationCreated](t, k, socket, c.CreateFederation, c.JSON)
}

type recoverFederation struct {
	admin.RecoverFederation
	secretFlag
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run begins a recovery, or ends it.
func (c *recoverFederation) Run(t *terminal, k *kong.Context, socket adminFlag) (err error) {
	if c.AdminKey, err = c.read(t); err != nil {
		return err
	}
	return ask[admin.FederationRecovered](t, k, socket, c.RecoverFederation, c.JSON)
}

type certificateFile struct {
	File string `arg:"" help:"The file." type:"existingfile"`
	secretFlag
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run sends the file.
func (c *certificateFile) Run(t *terminal, k *kong.Context, socket adminFlag) error {
	text, err := readFile(t, c.File)
	if err != nil {
		return err
	}
	q := admin.CertificateFile{Content: []byte(text)}
	if q.Password, err = c.read(t); err != nil {
		return err
	}
	return ask[admin.CertificateMade](t, k, socket, q, c.JSON)
}

type exportCertificate struct {
	admin.ExportFederationCertificate
	secretFlag
	Out string `help:"The file to write, which must not be there." required:"" placeholder:"FILE.pfx"`
}

// Run writes the file, for its owner alone.
func (c *exportCertificate) Run(t *terminal, socket adminFlag) (err error) {
	if c.Password, err = c.read(t); err != nil {
		return err
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	var x admin.ExportedCertificate
	err = adminclient.New(string(socket)).Call(t.ctx, "federation", "export-certificate", c.ExportFederationCertificate, &x)
	if err == nil {
		_, err = file.Write(x.Content)
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(c.Out)
	}
	return err
}
