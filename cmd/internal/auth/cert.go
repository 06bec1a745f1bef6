package auth

import (
	"context"
	"crypto/x509"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"redial/campaign"
)

// Certificates finds tokens that are client certificates.
type Certificates interface {
	// TokenByCertificate is the token that was made with this name, whether or not it is still in force, and notes its use.
	// Error: KindNotFound when there is none.
	TokenByCertificate(ctx context.Context, name string) (campaign.Token, error)
}

// Reasons of a certificate that lets nobody in.
const (
	ReasonCertificateUnknown = "CERTIFICATE_UNKNOWN"
	ReasonCertificateExpired = "CERTIFICATE_EXPIRED"
)

const nameMost = 200 // bytes of a certificate's name

// machines remembers tokens by the names of certificates. The zero value is ready.
type machines struct {
	mu     sync.Mutex
	byName map[string]*entry
}

func (m *machines) entry(name string) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byName == nil {
		m.byName = map[string]*entry{}
	}
	e := m.byName[name]
	if e == nil {
		e = &entry{}
		put(m.byName, name, e)
	}
	return e
}

// withoutSecret is the caller who shows no bearer: a machine by its certificate, or nobody.
func (g *Guard) withoutSecret(ctx context.Context) (campaign.Caller, error) {
	leaf := shown(ctx)
	if leaf == nil || g.o.Certificates == nil {
		return campaign.Caller{}, stranger(ReasonTokenMissing,
			`no token: send the metadata "authorization: Bearer rd_…"; the first admin token is in admin.token of the server's data folder`)
	}
	// The handshake has seen to it, but a connection may outlive what was shown then.
	if now := g.o.Now(); now.After(leaf.NotAfter) {
		return campaign.Caller{}, stranger(ReasonCertificateExpired, "this client certificate has expired since the connection began: connect with a new one")
	}
	name := CertificateName(leaf)
	if name == "" {
		return campaign.Caller{}, stranger(ReasonCertificateUnknown,
			"this client certificate has no name that can be used: give it a SAN of type URI or DNS, or a common name, of at most 200 characters")
	}
	t, err := g.lookMachine(ctx, name)
	if err != nil {
		return campaign.Caller{}, err
	}
	return g.callerOf(t)
}

// lookMachine is the token made with this name. An authority vouches for the names: there are no
// guesses among them that would have to wait their turn.
func (g *Guard) lookMachine(ctx context.Context, name string) (campaign.Token, error) {
	return g.answer(ctx, func() question {
		return question{
			entry: g.machines.entry(name),
			find: func(ctx context.Context) (campaign.Token, error) {
				t, err := g.o.Certificates.TokenByCertificate(ctx, name)
				_, bare, _ := campaign.CutCertificate(name)
				if _, _, kinded := campaign.CutCertificate(bare); kinded || campaign.KindOf(err) != campaign.KindNotFound {
					return t, err
				}
				return g.o.Certificates.TokenByCertificate(ctx, bare) // tokens made before names had kinds
			},
			none: func() error {
				return stranger(ReasonCertificateUnknown, "no token was made for the client certificate "+name+
					": an admin makes one with dialctl token create OWNER --role ROLE --certificate "+name)
			},
		}
	})
}

// shown is the client's certificate that the handshake verified; nil: none.
func shown(ctx context.Context) *x509.Certificate {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 || len(info.State.VerifiedChains[0]) == 0 {
		return nil
	}
	return info.State.VerifiedChains[0][0]
}

// CertificateName is the name by which a certificate stands for a token, with its kind: its first SAN of type URI, else of
// type DNS, else its common name; empty when that is missing, too long or not printable.
func CertificateName(c *x509.Certificate) string {
	kind, name := campaign.CertificateCN, c.Subject.CommonName
	switch {
	case len(c.URIs) > 0:
		kind, name = campaign.CertificateURI, c.URIs[0].String()
	case len(c.DNSNames) > 0:
		kind, name = campaign.CertificateDNS, c.DNSNames[0]
	}
	if len(name) > nameMost || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return kind.Of(name)
}
