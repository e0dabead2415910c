package main

import (
	"github.com/alecthomas/kong"

	"entente/admin"
)

// explainCertificate sends a certificate to be judged.
type explainCertificate struct {
	File string `arg:"" help:"The certificate, in PEM or DER; - is standard input."`
	JSON bool   `name:"json" help:"Answer in JSON."`
}

// Run shows whose it is.
func (c *explainCertificate) Run(t *terminal, k *kong.Context, socket adminFlag) error {
	text, err := readFile(t, c.File)
	if err != nil {
		return err
	}
	return ask[admin.CertificateAnswer](t, k, socket, admin.ClientCertificate{Content: []byte(text)}, c.JSON)
}
