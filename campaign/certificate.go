package campaign

import (
	"net/url"
	"strings"
)

// CertificateKind is where in a client certificate a name stands. The kinds share no names: an authority that gives
// somebody the common name crm does not give the DNS name crm with it.
type CertificateKind string

// The kinds, as a token's name of a certificate begins with them.
const (
	CertificateURI CertificateKind = "uri:" // the first SAN of type URI
	CertificateDNS CertificateKind = "dns:" // the first SAN of type DNS, where there is none of type URI; as it is written there
	CertificateCN  CertificateKind = "cn:"  // the subject's common name, where there is no such SAN
)

// CertificateKinds are all there are, in the order in which a certificate is looked at.
var CertificateKinds = []CertificateKind{CertificateURI, CertificateDNS, CertificateCN}

// Of is the name of this kind as tokens keep it; empty: name is empty.
func (k CertificateKind) Of(name string) string {
	if name == "" {
		return ""
	}
	return string(k) + name
}

// CutCertificate takes the kind off a name that tokens keep; false: the name is of no kind, as those kept before there
// were kinds are, which stand for a certificate of any.
func CutCertificate(name string) (CertificateKind, string, bool) {
	for _, k := range CertificateKinds {
		if rest, ok := strings.CutPrefix(name, string(k)); ok {
			return k, rest, true
		}
	}
	return "", name, false
}

// CertificateName is the name that a token is to keep for what an admin wrote: one with its kind as it is; else a URI if
// it reads as one with an authority or is a URN, a DNS name if it has a dot and nothing that host names do not have, and
// else a common name.
func CertificateName(written string) string {
	if k, rest, ok := CutCertificate(written); ok {
		return k.Of(rest)
	}
	if u, err := url.Parse(written); err == nil && u.Scheme != "" && (u.Host != "" || strings.EqualFold(u.Scheme, "urn")) {
		return CertificateURI.Of(written)
	}
	if strings.Contains(written, ".") && !strings.ContainsFunc(written, notOfHosts) {
		return CertificateDNS.Of(written)
	}
	return CertificateCN.Of(written)
}

func notOfHosts(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '*' && r != '_'
}
