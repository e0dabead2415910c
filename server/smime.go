package server

import "fmt"

// SMIMEConfig says which certificates of mail count.
type SMIMEConfig struct {
	Authorities []MailAuthorityConfig `yaml:"authorities" doc:"The CAs to which a certificate must have a chain. Those between may come with the message."`
	Networks    []string              `yaml:"networks,omitempty" doc:"Networks in which lists and responders may be although they are not public. Default: the private ones, and the addresses that stand in crl and ocsp."`
}

// MailAuthorityConfig is a CA of people who send mail.
type MailAuthorityConfig struct {
	Name  string   `yaml:"name" doc:"For records and messages."`
	Files []string `yaml:"files" doc:"PEM files with its certificate and, for lists of theirs, those of CAs below it."`
	CRL   []string `yaml:"crl,omitempty" doc:"Where lists of revoked certificates are: URLs, or files by their absolute paths. What certificates name is never visited."`
	OCSP  string   `yaml:"ocsp,omitempty" doc:"URL of an OCSP responder. Without crl and ocsp, nothing is known to be revoked."`
}

// clients is the same in the words of client certificates.
func (c *SMIMEConfig) clients() *ClientsConfig {
	out := &ClientsConfig{Networks: c.Networks}
	for _, a := range c.Authorities {
		one := AuthorityConfig{Name: a.Name, Files: a.Files, CRL: a.CRL, OCSP: a.OCSP}
		if len(a.CRL) == 0 && a.OCSP == "" {
			one.Revocation = revocationNone
		}
		out.Authorities = append(out.Authorities, one)
	}
	return out
}

// check reports what is wrong with how phones are served.
func (c *ActiveSyncConfig) check() error {
	if _, err := parseDevicePin(c.DevicePin); err != nil {
		return err
	}
	if c.SMIME == nil {
		return nil
	}
	if err := c.SMIME.clients().check(); err != nil {
		return fmt.Errorf("smime: %w", err)
	}
	return nil
}

// mailJudge makes the judge of certificates of mail, nil if none count.
func (s *Server) mailJudge() (err error) {
	if c := s.config.ActiveSync; c != nil && c.SMIME != nil {
		s.mailCerts, err = s.newJudge(c.SMIME.clients(), s.Directory.Snapshot)
	}
	return err
}
