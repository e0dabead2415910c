package publish

// A published path, and what is special about it.
type published struct {
	path string
	// open paths are those at which requests prove themselves by what is in them:
	// WS-Security. Nobody signs in at the listener, what is passed on is checked
	// for its form, and the server inside decides.
	open bool
}

func closedPaths(paths ...string) (all []published) {
	for _, p := range paths {
		all = append(all, published{path: p})
	}
	return all
}

func openPaths(of string) []published {
	return []published{{of + "/WSSecurity", true}, {of + "/WSSecurity/SymmetricKey", true}}
}

// paths returns what a preset publishes. [MS-OXWSMSG], [MS-ASHTTP] 2.2.1,
// [MS-OXDSCLI] 3.1.5; WS-Security's endpoints are those of [MS-OXWSADISC].
func (p Preset) paths() ([]published, bool) {
	ews := closedPaths("/EWS/Exchange.asmx", "/EWS/Services.wsdl", "/EWS/messages.xsd", "/EWS/types.xsd")
	sync := closedPaths("/Microsoft-Server-ActiveSync", "/Microsoft-Server-ActiveSync/default.eas")
	auto := closedPaths("/Autodiscover/Autodiscover.xml", "/Autodiscover/Autodiscover.svc", "/Autodiscover/Autodiscover.json", "/Autodiscover/Autodiscover.json/")
	switch p {
	case "":
		return nil, true
	case EWS:
		return ews, true
	case ActiveSync:
		return sync, true
	case Autodiscover:
		return auto, true
	case Exchange:
		return append(append(ews, sync...), auto...), true
	case Federation:
		return append(openPaths("/EWS/Exchange.asmx"), openPaths("/Autodiscover/Autodiscover.svc")...), true
	}
	return nil, false
}

// opens reports whether a rule publishes paths at which nobody signs in.
func (r *Rule) opens() bool { return r.Preset == Federation }
