package campaign

import (
	"strings"
	"testing"
)

func TestNamesOfCertificatesAreOfOneKind(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"spiffe://example.com/crm": "uri:spiffe://example.com/crm", "urn:uuid:7f3c": "uri:urn:uuid:7f3c", "https://crm.example": "uri:https://crm.example",
		"CRM.example.com": "dns:CRM.example.com", "*.example.com": "dns:*.example.com", "crm": "cn:crm", "Sales crm v1.2": "cn:Sales crm v1.2",
		"team:crm": "cn:team:crm", "uri:x": "uri:x", "dns:CRM": "dns:CRM", "cn:crm.example.com": "cn:crm.example.com", "cn:dns:crm": "cn:dns:crm",
		"": "", "dns:": "", "1.2.3.4": "dns:1.2.3.4", "客服": "cn:客服",
	} {
		if got := CertificateName(written); got != want {
			t.Errorf("%q is kept as %q, want %q", written, got, want)
		}
		if got := CertificateName(want); got != want {
			t.Errorf("%q, which is kept, is kept as %q", want, got)
		}
	}
}

func TestANameOfACertificateMayBeSoLongBesidesItsKind(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{200: true, 201: false} {
		one := Token{Owner: "crm", Role: RoleCRM, Certificate: CertificateName(strings.Repeat("x", n))}
		if err := one.Validate(); (err == nil) != ok {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}
