package ewsserver

import (
	"entente/ews"
	"entente/strictxml"
)

// The version we claim: Exchange 2016, the newest whose schema is published
// and whose protocol is still EWS. exchangelib and others choose by it what
// they ask for, and give up on an answer, or fault, that does not carry it.
const (
	majorVersion     = 15
	minorVersion     = 1
	majorBuildNumber = 2507
	minorBuildNumber = 6
	versionName      = "Exchange2016"
)

func versionHeader(e *strictxml.Encoder) {
	v := ews.ServerVersionInfo{
		MajorVersion: majorVersion, MinorVersion: minorVersion,
		MajorBuildNumber: majorBuildNumber, MinorBuildNumber: minorBuildNumber,
		Version: versionName,
	}
	v.AppendXML(e)
}

// ClaimedVersion is the version for autodiscover to tell.
func ClaimedVersion() (major, minor, build, revision int) {
	return majorVersion, minorVersion, majorBuildNumber, minorBuildNumber
}
