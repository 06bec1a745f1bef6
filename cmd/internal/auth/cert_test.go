package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"redial/campaign"
)

// named are tokens by the names of certificates.
type named struct {
	*record
	byName map[string]*campaign.Token
}

func (n *named) TokenByCertificate(_ context.Context, name string) (campaign.Token, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return campaign.Token{}, errDown
	}
	if t := n.byName[name]; t != nil {
		return *t, nil
	}
	return campaign.Token{}, campaign.NotFound("token", "")
}

func machine(ctx context.Context, leaf *x509.Certificate) context.Context {
	return peer.NewContext(ctx, &peer.Peer{AuthInfo: credentials.TLSInfo{State: tls.ConnectionState{
		PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}},
	}}})
}

func setupMachines(t *testing.T) (*Guard, *named, *clock) {
	t.Helper()
	_, r, c := setup(t)
	n := &named{r, map[string]*campaign.Token{
		"spiffe://x/crm": {ID: 11, Owner: "crm", Role: campaign.RoleCRM, Campaigns: []campaign.CampaignID{4}, ExpiresAt: c.now.Add(time.Hour)},
		"feeder":         {ID: 12, Owner: "feeder", Role: campaign.RoleManager},
	}}
	return New(n, Options{Now: c.Now, Certificates: n}), n, c
}

func leafOf(now time.Time, name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotAfter: now.Add(2 * time.Hour)}
}

func TestCertificateIsNamedByItsURIThenDNSThenCommonName(t *testing.T) {
	t.Parallel()
	uri, err := url.Parse("spiffe://x/crm")
	if err != nil {
		t.Fatal(err)
	}
	cn := pkix.Name{CommonName: "common"}
	for want, c := range map[string]*x509.Certificate{
		"uri:spiffe://x/crm": {Subject: cn, URIs: []*url.URL{uri}, DNSNames: []string{"dns"}},
		"dns:dns":            {Subject: cn, DNSNames: []string{"dns", "other"}},
		"cn:common":          {Subject: cn},
	} {
		if got := CertificateName(c); got != want {
			t.Errorf("named %q, want %q", got, want)
		}
	}
	for _, name := range []string{"", strings.Repeat("x", nameMost+1), "a\nb", "a\xff"} {
		if got := CertificateName(&x509.Certificate{Subject: pkix.Name{CommonName: name}}); got != "" {
			t.Errorf("%q is a name: %q", name, got)
		}
	}
}

func TestKindsOfNamesOfCertificatesShareNone(t *testing.T) {
	t.Parallel()
	g, n, c := setupMachines(t)
	n.change(func() {
		n.byName["dns:crm"] = &campaign.Token{ID: 21, Owner: "by DNS", Role: campaign.RoleCRM}
		n.byName["cn:crm"] = &campaign.Token{ID: 22, Owner: "by common name", Role: campaign.RoleManager}
		n.byName["dns:only"] = &campaign.Token{ID: 23, Role: campaign.RoleManager}
		n.byName["dns:feeder"] = &campaign.Token{ID: 24, Role: campaign.RoleCRM, RevokedAt: c.now}
	})
	dns := func(name string) *x509.Certificate {
		l := leafOf(c.now, "anything")
		l.DNSNames = []string{name}
		return l
	}
	for name, one := range map[string]struct {
		leaf *x509.Certificate
		want campaign.TokenID
	}{
		"DNS": {dns("crm"), 21}, "common name": {leafOf(c.now, "crm"), 22}, "a common name for a DNS name": {leafOf(c.now, "only"), 0},
		"a common name that says it is a DNS name": {leafOf(c.now, "dns:only"), 0}, "made before there were kinds": {leafOf(c.now, "feeder"), 12},
		"revoked, with one made before": {dns("feeder"), 0},
	} {
		if got, err := g.Authenticate(machine(t.Context(), one.leaf), ""); got.Token != one.want || (err == nil) != (one.want != 0) {
			t.Errorf("%s: token %d, %v; want %d", name, got.Token, err, one.want)
		}
	}
}

func TestMachineIsTheTokenOfItsCertificate(t *testing.T) {
	t.Parallel()
	g, n, c := setupMachines(t)
	uri, err := url.Parse("spiffe://x/crm")
	if err != nil {
		t.Fatal(err)
	}
	leaf := leafOf(c.Now(), "feeder")
	leaf.URIs = []*url.URL{uri}
	ctx := machine(t.Context(), leaf)
	got, err := g.Authenticate(ctx, "")
	if want := (campaign.Caller{Token: 11, Owner: "crm", Role: campaign.RoleCRM, Campaigns: []campaign.CampaignID{4}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if got, err := g.Authenticate(ctx, "rd_adm"); err != nil || got.Role != campaign.RoleAdmin {
		t.Errorf("a bearer goes first: %+v, %v", got, err)
	}
	if _, err := g.Authenticate(ctx, "rd_wrong"); campaign.ReasonOf(err) != ReasonTokenUnknown {
		t.Errorf("a wrong bearer is not made good by a certificate: %v", err)
	}
	unverified := peer.NewContext(t.Context(), &peer.Peer{AuthInfo: credentials.TLSInfo{State: tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}}})
	for reason, ctx := range map[string]context.Context{
		ReasonTokenMissing: unverified, ReasonCertificateUnknown: machine(t.Context(), leafOf(c.Now(), "stranger")),
	} {
		if _, err := g.Authenticate(ctx, ""); campaign.KindOf(err) != campaign.KindStranger || campaign.ReasonOf(err) != reason {
			t.Errorf("%v, want %s", err, reason)
		}
	}
	if _, err := New(n, Options{Now: c.Now}).Authenticate(ctx, ""); campaign.ReasonOf(err) != ReasonTokenMissing {
		t.Errorf("where machines show no certificates: %v", err)
	}
}

func TestCertificateEndsLikeAnyToken(t *testing.T) {
	t.Parallel()
	g, n, c := setupMachines(t)
	feeder := machine(t.Context(), leafOf(c.Now(), "feeder"))
	if _, err := g.Authenticate(feeder, ""); err != nil {
		t.Fatal(err)
	}
	n.change(func() { n.byName["feeder"].RevokedAt = c.Now() })
	c.add(2 * time.Second)
	if _, err := g.Authenticate(feeder, ""); campaign.ReasonOf(err) != ReasonTokenRevoked {
		t.Errorf("2 s after its revocation: %v", err)
	}
	crm := machine(t.Context(), leafOf(c.Now(), "spiffe://x/crm"))
	c.add(time.Hour)
	if _, err := g.Authenticate(crm, ""); campaign.ReasonOf(err) != ReasonTokenExpired {
		t.Errorf("its token expired: %v", err)
	}
	c.add(2 * time.Hour)
	if _, err := g.Authenticate(crm, ""); campaign.ReasonOf(err) != ReasonCertificateExpired {
		t.Errorf("it expired itself, on a connection that lives on: %v", err)
	}
	n.change(func() { n.down = true })
	if _, err := g.Authenticate(machine(t.Context(), leafOf(c.Now(), "another")), ""); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("the record is away: %v", err)
	}
}

func TestStreamOfAMachineEndsWithItsToken(t *testing.T) {
	t.Parallel()
	g, n, c := setupMachines(t)
	s := &endless{ctx: machine(metadata.NewIncomingContext(t.Context(), nil), leafOf(c.Now(), "feeder"))}
	err := g.Stream()(nil, s, &grpc.StreamServerInfo{FullMethod: "/campaign.v1.EventService/WatchEvents"}, func(_ any, ss grpc.ServerStream) error {
		if err := ss.SendMsg(nil); err != nil {
			t.Errorf("before: %v", err)
		}
		n.change(func() { n.byName["feeder"].RevokedAt = c.Now() })
		c.add(2 * time.Second)
		return ss.SendMsg(nil)
	})
	if campaign.ReasonOf(err) != ReasonTokenRevoked {
		t.Errorf("after its revocation: %v", err)
	}
}

// endless is a stream whose messages go nowhere.
type endless struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *endless) Context() context.Context { return s.ctx }
func (s *endless) SendMsg(any) error        { return nil }
func (s *endless) RecvMsg(any) error        { return nil }
