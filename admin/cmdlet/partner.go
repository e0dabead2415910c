package cmdlet

import (
	"os"
	"strings"

	"entente"
	"entente/admin"
)

// FederationInformation is what Get-FederationInformation shows.
type FederationInformation struct {
	TargetApplicationUri  string          `json:"TargetApplicationUri"` //nolint:revive // Exchange's name
	DomainNames           []string        `json:"DomainNames"`
	TargetAutodiscoverEpr string          `json:"TargetAutodiscoverEpr"`
	TokenIssuerUris       []string        `json:"TokenIssuerUris"`
	PinnedKeys            []string        `json:"PinnedKeys"` // ours
	IsValid               bool            `json:"IsValid"`
	Steps                 []admin.HopInfo `json:"Steps"` // ours
}

// AvailabilityAddressSpace is what Get-AvailabilityAddressSpace shows.
type AvailabilityAddressSpace struct {
	ForestName       string `json:"ForestName"`
	AccessMethod     string `json:"AccessMethod"`
	UserName         string `json:"UserName"`
	TargetServiceEpr string `json:"TargetServiceEpr"` // ours: the address of EWS
}

// AvailabilityConfig is what Get-AvailabilityConfig shows.
type AvailabilityConfig struct {
	OrgWideAccount string `json:"OrgWideAccount"`
	PerUserAccount string `json:"PerUserAccount"`
}

func partnerCmdlets() []Cmdlet {
	return append([]Cmdlet{
		{
			Name: "Get-FederationInformation", Synopsis: "Look for another organization and show what it says of itself.", Verbs: "federation information",
			Parameters: []Parameter{
				{Name: "DomainName", First: true, Mandatory: true, Help: "One of its domains."},
				{Name: "BypassAdditionalDomainValidation", Kind: Switch, Help: "Take the domains it names as they are."},
				{Name: "Force", Kind: Switch, Help: "Follow redirects, and take records that lead out of the domain."},
				{Name: "TrustedHostnames", Kind: List, Help: "Hosts to which both may lead."},
			},
			run: getFederationInformation,
		},
		{
			Name: "Test-OrganizationRelationship", Synopsis: "Ask another organization when somebody is free, and show each step on the way.", Verbs: "relationship test",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Mandatory: true, Help: "The relationship's name."},
				{Name: "UserIdentity", Mandatory: true, Help: "The mailbox in whose name to ask."},
				{Name: "TargetMailbox", Help: "Ours: address there whose calendar to look at."},
			},
			run: testRelationship,
		},
	}, addressSpaceCmdlets()...)
}

func addressSpaceCmdlets() []Cmdlet {
	return []Cmdlet{
		{
			Name: "Get-AvailabilityAddressSpace", Synopsis: "Show the organizations that are asked without a broker.", Verbs: "address-space list",
			Parameters: []Parameter{{Name: "Identity", First: true, Help: "Only this one: its domain."}},
			run:        getAddressSpace,
		},
		{
			Name: "Add-AvailabilityAddressSpace", Synopsis: "Have another organization asked without a broker, by a service account there.", Verbs: "address-space add",
			Parameters: []Parameter{
				{Name: "ForestName", Mandatory: true, First: true, Help: "The other organization's domain."},
				{Name: "AccessMethod", Mandatory: true, Kind: Enum, Values: []string{"OrgWideFB", "PerUserFB", "InternalProxy", "PublicFolder"}, Help: "OrgWideFB; the others are refused, with the reason."},
				{Name: "Credentials", Help: "The service account there; without one, the file has a bearer token."},
				{Name: "CredentialsFile", Help: "Ours: a file with the password, or the token, in its first line. It is not taken from the command line, where others see it."},
				{Name: "TargetServiceEpr", Help: "The other organization's EWS. It is not looked for: a password is sent nowhere by what others say."},
				{Name: "UseServiceAccount", Kind: Bool, Help: "$false: computers have no accounts in each other's directories here."},
			},
			run: addAddressSpace,
		},
		{
			Name: "Remove-AvailabilityAddressSpace", Synopsis: "Stop asking another organization, and forget the password.", Verbs: "address-space remove",
			Parameters: []Parameter{{Name: "Identity", First: true, Mandatory: true, Help: "Its domain."}},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "address-space", "remove", admin.AddressSpaceName{Domain: c.Text("Identity")})
				return nil, err
			},
		},
		{
			Name: "Get-AvailabilityConfig", Synopsis: "Show with which account others ask here.", Verbs: "address-space config",
			run: func(c *call) (any, error) {
				a, err := get[admin.AvailabilityConfigInfo](c, "address-space", "config", admin.Nothing{})
				return AvailabilityConfig{OrgWideAccount: a.OrgWideAccount}, err
			},
		},
		{
			Name: "Set-AvailabilityConfig", Synopsis: "Note with which account another organization asks here.", Verbs: "address-space configure",
			Parameters: []Parameter{
				{Name: "OrgWideAccount", Help: "The account; $null takes the note away."},
				{Name: "PerUserAccount", Help: "Refused, with the reason."},
			},
			run: func(c *call) (any, error) {
				account := c.Text("OrgWideAccount")
				if account == "" {
					account = "none"
				}
				_, err := do[admin.Done](c, "address-space", "configure", admin.SetAvailabilityConfig{OrgWideAccount: account, PerUserAccount: c.Text("PerUserAccount")})
				return nil, err
			},
		},
	}
}

func getFederationInformation(c *call) (any, error) {
	found, err := get[admin.OrganizationFound](c, "federation", "information", admin.FederationInformation{
		Domain: c.Text("DomainName"), Force: c.Is("Force"), TrustedHostnames: c.list("TrustedHostnames"), Bypass: c.Is("BypassAdditionalDomainValidation"),
	})
	if err != nil {
		return nil, err
	}
	out := FederationInformation{
		found.ApplicationURI, found.Domains, found.AutodiscoverEPR, found.TokenIssuers, found.Keys, found.Found, found.Hops,
	}
	if !found.Found {
		return nil, entente.Errorf(entente.NotFound, "Federation information could not be received from the external organization. %s", brokenHop(found.Hops))
	}
	return out, nil
}

// brokenHop is what went wrong last.
func brokenHop(all []admin.HopInfo) string {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Result == "Error" {
			return all[i].Name + ": " + all[i].Text
		}
	}
	return ""
}

// TestStep is a step as Exchange prints it.
type TestStep struct {
	Step   string `json:"Id"`
	Result string `json:"RESULT"`
	Text   string `json:"Description"`
	Took   string `json:"Took"`   // ours
	Remedy string `json:"Remedy"` // ours
}

// RelationshipTest is what Test-OrganizationRelationship shows.
type RelationshipTest struct {
	Steps   []TestStep `json:"Steps"`
	Closing string     `json:"Closing"`
}

func testRelationship(c *call) (any, error) {
	t, err := get[admin.RelationshipTested](c, "relationship", "test", admin.TestRelationship{
		RelationshipName: admin.RelationshipName{Name: c.Text("Identity")}, User: c.Text("UserIdentity"), About: c.Text("TargetMailbox"),
	})
	if err != nil {
		return nil, c.missing(err)
	}
	out := RelationshipTest{Closing: t.Closing}
	var broken []string
	for _, h := range t.Hops {
		out.Steps = append(out.Steps, TestStep{h.Name, h.Result, h.Text, h.Took, h.Remedy})
		broken = append(broken, "STEP "+h.Name+" RESULT: "+h.Result+". "+h.Text)
	}
	if !t.OK {
		return nil, entente.Errorf(entente.Unavailable, "%s\n%s", strings.Join(broken, "\n"), t.Closing)
	}
	return out, nil
}

func getAddressSpace(c *call) (any, error) {
	all, err := get[[]admin.AddressSpaceInfo](c, "address-space", "list", admin.Nothing{})
	if err != nil {
		return nil, err
	}
	list := []AvailabilityAddressSpace{}
	for _, s := range all {
		if name := c.Text("Identity"); name == "" || strings.EqualFold(name, s.Domain) {
			list = append(list, AvailabilityAddressSpace{s.Domain, s.Method, s.Account, s.URL})
		}
	}
	if c.Has("Identity") && len(list) == 0 {
		return nil, notFound(c.Text("Identity"))
	}
	return list, nil
}

func addAddressSpace(c *call) (any, error) {
	if c.Is("UseServiceAccount") {
		return nil, entente.Errorf(entente.Invalid, "computers have no accounts in each other's directories here: name a service account with -Credentials")
	}
	secret, err := firstLine(c.Text("CredentialsFile"))
	if err != nil {
		return nil, err
	}
	q := admin.AddAddressSpace{
		AddressSpaceName: admin.AddressSpaceName{Domain: c.Text("ForestName")},
		URL:              c.Text("TargetServiceEpr"), Method: c.Text("AccessMethod"), Account: c.Text("Credentials"), Secret: secret,
	}
	if c.Is("WhatIf") {
		q.Secret = ""
	}
	_, err = do[admin.Done](c, "address-space", "add", q)
	return nil, err
}

func firstLine(file string) (string, error) {
	if file == "" {
		return "", nil // the server says what is missing
	}
	text, err := os.ReadFile(file)
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), err
}
