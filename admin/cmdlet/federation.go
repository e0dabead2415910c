package cmdlet

import (
	"strings"

	"entente"
	"entente/admin"
)

// FederationTrust is what Get-FederationTrust shows.
type FederationTrust struct {
	Name                     string `json:"Name"`
	ApplicationIdentifier    string `json:"ApplicationIdentifier"`
	ApplicationUri           string `json:"ApplicationUri"`
	TokenIssuerUri           string `json:"TokenIssuerUri"`
	TokenIssuerEpr           string `json:"TokenIssuerEpr"`
	TokenIssuerMetadataEpr   string `json:"TokenIssuerMetadataEpr"`
	TokenIssuerCertificate   string `json:"TokenIssuerCertificate"`
	TokenIssuerPrevCert      string `json:"TokenIssuerPrevCertificate"`
	OrgPrivCertificate       string `json:"OrgPrivCertificate"`
	OrgPrevPrivCertificate   string `json:"OrgPrevPrivCertificate"`
	OrgNextPrivCertificate   string `json:"OrgNextPrivCertificate"`
	OrgCertificateExpires    string `json:"OrgCertificateExpires"` // ours
	NamespaceProvisioner     string `json:"NamespaceProvisioner"`
	AutomaticRollover        string `json:"AutomaticRollover"` // ours
	SigningKey               string `json:"SigningKey"`        // ours
	RequireProofOfPossession bool   `json:"RequireProofOfPossession"`
}

// FederatedOrganizationIdentifier is what Get-FederatedOrganizationIdentifier
// shows.
type FederatedOrganizationIdentifier struct {
	AccountNamespace    string                  `json:"AccountNamespace"`
	Domains             []string                `json:"Domains"`
	DefaultDomain       string                  `json:"DefaultDomain"`
	DelegationTrustLink string                  `json:"DelegationTrustLink"`
	Enabled             bool                    `json:"Enabled"`
	OrganizationContact string                  `json:"OrganizationContact"`
	Extended            []admin.FederatedDomain `json:"ExtendedDomainInfo,omitempty"`
}

// DomainProof is a row of Get-FederatedDomainProof.
type DomainProof struct {
	DomainName string `json:"DomainName"` // of the TXT record
	Thumbprint string `json:"Thumbprint"`
	Proof      string `json:"Proof"`
}

// FederationTrial is a row of Test-FederationTrust.
type FederationTrial struct {
	ID      string `json:"Id"`
	Type    string `json:"Type"`
	Message string `json:"Message"`
}

// NodeCertificate is a row of Test-FederationTrustCertificate.
type NodeCertificate struct {
	Site       string `json:"Site"` // ours: the node
	State      string `json:"State"`
	Thumbprint string `json:"Thumbprint"`
}

// PendingFederatedDomain is what Get-PendingFederatedDomain shows.
type PendingFederatedDomain struct {
	PendingAccountNamespace string   `json:"PendingAccountNamespace"`
	PendingDomains          []string `json:"PendingDomains"`
}

func trustIdentity(mandatory bool) Parameter {
	return Parameter{Name: "Identity", First: true, Mandatory: mandatory, Help: "The trust's name; an organization has one."}
}

func federationCmdlets() []Cmdlet {
	return append([]Cmdlet{
		{
			Name: "New-FederationTrust", Synopsis: "Make the federation trust with a broker.", Verbs: "federation create",
			Parameters: []Parameter{
				{Name: "Name", First: true, Mandatory: true, Help: "What it is called."},
				{Name: "Thumbprint", Help: "Of the certificate to make it with, as New-ExchangeCertificate shows it; one is made if none is named."},
				{Name: "MetadataUrl", Mandatory: true, Help: "The broker's federation metadata; there is no broker by default."},
				{Name: "SuppressDnsWarning", Kind: Switch, Help: "Taken; the records are shown, nobody is warned of them."},
				{Name: "UseLegacyProvisioningService", Kind: Switch, Help: "Taken; there is one service, for self-signed certificates too."},
				{Name: "SkipNamespaceProviderProvisioning", Kind: Switch, Help: "The broker has given an AppID before; the three below are needed."},
				{Name: "ApplicationIdentifier", Help: "The AppID."},
				{Name: "ApplicationUri", Help: "The application URI, FYDIBOHF25SPDLT.<domain>."},
				{Name: "AdministratorProvisioningId", Help: "The AdminKey. Whoever reads the command line reads it; entente federation create --stdin takes it otherwise."},
			},
			run: newFederationTrust,
		},
		{
			Name: "Get-FederationTrust", Synopsis: "Show the federation trust.", Verbs: "federation show",
			Parameters: []Parameter{trustIdentity(false)},
			run: func(c *call) (any, error) {
				i, err := c.trust()
				return federationTrust(&i), err
			},
		},
		{
			Name: "Set-FederationTrust", Synopsis: "Change the federation trust: its namespace, or its certificate, or whom it is with.",
			Verbs: "federation namespace, federation publish, federation next-certificate, federation refresh, federation set",
			Parameters: []Parameter{
				trustIdentity(true),
				{Name: "ApplicationUri", Help: "The account namespace, FYDIBOHF25SPDLT.<domain>."},
				{Name: "PublishFederationCertificate", Kind: Switch, Help: "Use the next certificate from now on."},
				{Name: "Thumbprint", Help: "The certificate to be the next one."},
				{Name: "RefreshMetadata", Kind: Switch, Help: "Read the broker's metadata; once is enough, and it is done by itself."},
				{Name: "MetadataUrl", Help: "Where the broker's metadata are now; it must be the same broker."},
				{Name: "Name", Help: "Another name."},
			},
			run: setFederationTrust,
		},
		{
			Name: "Remove-FederationTrust", Synopsis: "End the federation trust, once no domain is federated.", Verbs: "federation remove",
			Parameters: []Parameter{trustIdentity(true)},
			run: func(c *call) (any, error) {
				if _, err := c.trust(); err != nil {
					return nil, err
				}
				_, err := do[admin.Done](c, "federation", "remove", admin.Nothing{})
				return nil, err
			},
		},
		{
			Name: "Test-FederationTrust", Synopsis: "Try whether the federation trust works, down to a real token.", Verbs: "federation test",
			Parameters: []Parameter{
				{Name: "UserIdentity", First: true, Help: "In whose name a token is asked for; it is recorded."},
				{Name: "MonitoringContext", Kind: Bool, Help: "Taken."},
			},
			run: func(c *call) (any, error) {
				all, err := get[[]admin.FederationTrial](c, "federation", "test", admin.TestFederation{As: c.Text("UserIdentity")})
				list := make([]FederationTrial, 0, len(all))
				for _, t := range all {
					list = append(list, FederationTrial{t.ID, t.Type, t.Message})
				}
				return list, err
			},
		},
		{
			Name: "Test-FederationTrustCertificate", Synopsis: "Tell which nodes can use which certificates.", Verbs: "federation test-certificates",
			run: func(c *call) (any, error) {
				all, err := get[[]admin.NodeCertificate](c, "federation", "test-certificates", admin.Nothing{})
				list := make([]NodeCertificate, 0, len(all))
				for _, n := range all {
					list = append(list, NodeCertificate{n.Node, n.State, n.Thumbprint})
				}
				return list, err
			},
		},
		{
			Name: "New-ExchangeCertificate", Synopsis: "Make a certificate for federation, or a request for one.", Verbs: "federation new-certificate, federation request-certificate",
			Parameters: []Parameter{
				{Name: "DomainName", Kind: List, Help: "Alternative names; none are needed."},
				{Name: "SubjectName", Help: "CN=name."},
				{Name: "Services", Kind: Enums, Values: []string{"Federation"}, Mandatory: true, Help: "Federation; certificates of listeners are files."},
				{Name: "SubjectKeyIdentifier", Help: "Hexadecimal; made of the key if none is given."},
				{Name: "KeySize", Kind: Number, Help: "2048."},
				{Name: "PrivateKeyExportable", Kind: Bool, Help: "Taken; every key can be exported, and that is recorded."},
				{Name: "GenerateRequest", Kind: Switch, Help: "Make a request for a CA."},
				{Name: "FriendlyName", Help: "Taken."},
				{Name: "Force", Kind: Switch, Help: "Taken."},
			},
			run: newExchangeCertificate,
		},
	}, federatedDomainCmdlets()...)
}

// trust shows the trust, if it is the one that is named. Whatever is not there is
// not all there is.
func (c *call) trust() (admin.FederationInfo, error) {
	i, err := get[admin.FederationInfo](c, "federation", "show", admin.Nothing{})
	name := c.Text("Identity")
	if isNotFound(err) && name != "" || err == nil && name != "" && !strings.EqualFold(name, i.Name) {
		return i, notFound(name)
	}
	return i, err
}

func federationTrust(i *admin.FederationInfo) FederationTrust {
	t := FederationTrust{
		Name: i.Name, ApplicationIdentifier: i.AppID, ApplicationUri: i.ApplicationURI,
		TokenIssuerUri: i.Issuer, TokenIssuerEpr: i.STS, TokenIssuerMetadataEpr: i.Metadata,
		NamespaceProvisioner: "ExternalProcess", AutomaticRollover: i.Rollover, SigningKey: i.SigningKey, RequireProofOfPossession: i.RequireProof,
	}
	for _, c := range i.Certificates {
		switch {
		case c.Role == "Current":
			t.OrgPrivCertificate, t.OrgCertificateExpires = c.Thumbprint, c.NotAfter
		case c.Role == "Next":
			t.OrgNextPrivCertificate = c.Thumbprint
		case c.Role == "Previous" && t.OrgPrevPrivCertificate == "":
			t.OrgPrevPrivCertificate = c.Thumbprint
		}
	}
	for n, k := range i.BrokerKeys {
		switch n {
		case 0:
			t.TokenIssuerCertificate = k.Thumbprint
		case 1:
			t.TokenIssuerPrevCert = k.Thumbprint
		}
	}
	return t
}

func newFederationTrust(c *call) (any, error) {
	skip := c.Is("SkipNamespaceProviderProvisioning")
	if skip != (c.Has("ApplicationUri") && c.Has("ApplicationIdentifier") && c.Has("AdministratorProvisioningId")) ||
		!skip && (c.Has("ApplicationUri") || c.Has("ApplicationIdentifier") || c.Has("AdministratorProvisioningId")) {
		return nil, entente.Errorf(entente.Invalid, "Parameter set cannot be resolved using the specified named parameters: "+
			"-SkipNamespaceProviderProvisioning, -ApplicationIdentifier, -ApplicationUri and -AdministratorProvisioningId go together.")
	}
	return do[admin.FederationCreated](c, "federation", "create", admin.CreateFederation{
		Name: c.Text("Name"), Broker: c.Text("MetadataUrl"), Thumbprint: c.Text("Thumbprint"),
		AppID: c.Text("ApplicationIdentifier"), ApplicationURI: c.Text("ApplicationUri"), AdminKey: c.Text("AdministratorProvisioningId"),
	})
}

// setFederationTrust takes one of three sets of parameters.
func setFederationTrust(c *call) (any, error) {
	if _, err := c.trust(); err != nil {
		return nil, err
	}
	sets := 0
	for _, set := range []bool{c.Has("ApplicationUri"), c.Is("PublishFederationCertificate"), c.Has("Thumbprint") || c.Is("RefreshMetadata") || c.Has("MetadataUrl")} {
		if set {
			sets++
		}
	}
	if sets > 1 {
		return nil, entente.Errorf(entente.Invalid, "Parameter set cannot be resolved using the specified named parameters: "+
			"-ApplicationUri, -PublishFederationCertificate, and -Thumbprint with -RefreshMetadata and -MetadataUrl, are three sets.")
	}
	var err error
	step := func(given bool, verb string, request any) {
		if given && err == nil {
			_, err = do[admin.Done](c, "federation", verb, request)
		}
	}
	step(c.Has("MetadataUrl"), "set", admin.SetFederation{Broker: c.Text("MetadataUrl")})
	step(c.Is("RefreshMetadata"), "refresh", admin.RefreshFederation{})
	step(c.Has("Thumbprint"), "next-certificate", admin.CertificateName{Thumbprint: c.Text("Thumbprint")})
	step(c.Is("PublishFederationCertificate"), "publish", admin.Nothing{})
	step(c.Has("Name"), "set", admin.SetFederation{Name: c.Text("Name")})
	if c.Has("ApplicationUri") && err == nil {
		err = c.namespace(c.Text("ApplicationUri"))
	}
	return nil, err
}

func newExchangeCertificate(c *call) (any, error) {
	if n := c.Number("KeySize"); c.Has("KeySize") && n != 2048 {
		return nil, entente.Errorf(entente.Invalid, "-KeySize is 2048; import a certificate that has another")
	}
	q := admin.NewFederationCertificate{
		CommonName: strings.TrimPrefix(strings.TrimPrefix(c.Text("SubjectName"), "CN="), "cn="),
		Domains:    c.list("DomainName"), SubjectKeyIdentifier: c.Text("SubjectKeyIdentifier"),
	}
	if c.Is("GenerateRequest") {
		return do[admin.CertificateMade](c, "federation", "request-certificate", q)
	}
	return do[admin.CertificateMade](c, "federation", "new-certificate", q)
}
