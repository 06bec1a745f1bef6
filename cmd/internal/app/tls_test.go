package app_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/campaign/store"
	"redial/cmd/internal/app"
	"redial/cmd/internal/certtest"
	"redial/cmd/internal/config"
	"redial/cmd/internal/issuertest"
	"redial/cmd/internal/server"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// fortress is a process that speaks TLS on real ports, to be reached from other machines.
type fortress struct {
	*app.App
	t   *testing.T
	cfg config.Config
	ca  *certtest.Authority
}

func newFortress(t *testing.T, change func(*fortress)) *fortress {
	t.Helper()
	f := &fortress{t: t, cfg: config.Default(), ca: certtest.New(t)}
	f.cfg.Data, f.cfg.GRPC, f.cfg.Web = t.TempDir(), "0.0.0.0:0", "[::]:0"
	f.cfg.TLS.Cert, f.cfg.TLS.Key = f.ca.Files(t, certtest.Leaf{DNS: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if change != nil {
		change(f)
	}
	var err error
	if f.App, err = app.New(t.Context(), f.cfg, app.Options{Log: quiet(), Pace: app.Pace{Reread: 20 * time.Millisecond}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := f.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return f
}

// local is where a port that listens everywhere is reached from here.
func local(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return net.JoinHostPort("127.0.0.1", port)
}

func (f *fortress) dial(creds credentials.TransportCredentials) *grpc.ClientConn {
	f.t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+local(f.GRPC()), grpc.WithTransportCredentials(creds))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	return conn
}

func (f *fortress) client(shown ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: f.ca.Pool(), ServerName: "localhost", Certificates: shown, MinVersion: tls.VersionTLS12}
}

func (f *fortress) browser() *http.Client {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: f.client()}}
}

func showing(ctx context.Context, bearer string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+bearer)
}

// fetched is what came back besides the text.
type fetched struct {
	Status     string
	StatusCode int
	Request    *http.Request // the last of its redirects
	Header     http.Header
	TLS        *tls.ConnectionState
}

func get(t *testing.T, c *http.Client, url string) (fetched, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{resp.Status, resp.StatusCode, resp.Request, resp.Header, resp.TLS}, string(raw)
}

func TestBeyondThisMachineEverythingIsEncrypted(t *testing.T) {
	t.Parallel()
	f := newFortress(t, nil)
	admin := bearer(t, f.AdminToken())
	over := campaignpb.NewAdminServiceClient(f.dial(credentials.NewTLS(f.client())))
	if _, err := over.GetServer(admin, &campaignpb.GetServerRequest{}); err != nil {
		t.Errorf("over TLS: %v", err)
	}
	clear := campaignpb.NewAdminServiceClient(f.dial(insecure.NewCredentials()))
	if _, err := clear.GetServer(admin, &campaignpb.GetServerRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("in the clear: %v", err)
	}
	if resp, _ := get(t, f.browser(), "https://"+local(f.Web())+"/healthz"); resp.StatusCode != 200 || resp.Header.Get("Strict-Transport-Security") == "" || resp.TLS.Version != tls.VersionTLS13 {
		t.Errorf("the web port over TLS: %s, %v", resp.Status, resp.Header)
	}
	if resp, _ := get(t, http.DefaultClient, "http://"+local(f.Web())+"/healthz"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("the web port in the clear: %s", resp.Status)
	}
	var said strings.Builder
	if err := f.Greet(&said); err != nil || !strings.Contains(said.String(), "https://localhost:") {
		t.Errorf("%v\n%s", err, said.String())
	}
	cfg := f.cfg
	cfg.TLS = config.TLS{}
	_, err := app.New(t.Context(), cfg, app.Options{Log: quiet()})
	if fault, ok := errors.AsType[config.Fault](err); !ok || !strings.Contains(string(fault), "--allow-remote") {
		t.Errorf("without a certificate: %v", err)
	}
	cfg.TLS = config.TLS{Cert: f.cfg.TLS.Key, Key: f.cfg.TLS.Cert}
	if _, err := app.New(t.Context(), cfg, app.Options{Log: quiet()}); !errors.As(err, new(config.Fault)) {
		t.Errorf("with the files exchanged: %v", err)
	}
}

func TestMachinesAreKnownByTheirCertificates(t *testing.T) {
	t.Parallel()
	var id campaign.TokenID
	f := newFortress(t, func(f *fortress) {
		f.cfg.TLS.ClientCA = f.ca.File(t)
		s, err := store.Open(t.Context(), "sqlite://"+filepath.Join(f.cfg.Data, "redial.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		made, err := s.KeepCertificate(t.Context(), campaign.Token{Owner: "crm", Role: campaign.RoleCRM, Certificate: "crm.example"})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		id = made.ID
	})
	as := func(ca *certtest.Authority, name string) campaignpb.AdminServiceClient {
		shown := ca.Pair(t, certtest.Leaf{CommonName: "whoever", DNS: []string{name}, Client: true})
		config := f.client()
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }
		return campaignpb.NewAdminServiceClient(f.dial(credentials.NewTLS(config)))
	}
	crm := as(f.ca, "crm.example")
	if _, err := crm.GetServer(t.Context(), &campaignpb.GetServerRequest{}); err != nil {
		t.Fatalf("with its certificate: %v", err)
	}
	if _, err := crm.ListTokens(t.Context(), &campaignpb.ListTokensRequest{}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("beyond its role: %v", err)
	}
	if _, err := crm.ListTokens(bearer(t, f.AdminToken()), &campaignpb.ListTokensRequest{}); err != nil {
		t.Errorf("a bearer goes first: %v", err)
	}
	for name, c := range map[string]struct {
		client campaignpb.AdminServiceClient
		code   codes.Code
		reason string
	}{
		"a name without a token":  {as(f.ca, "stranger.example"), codes.Unauthenticated, "CERTIFICATE_UNKNOWN"},
		"of another authority":    {as(certtest.New(t), "crm.example"), codes.Unavailable, ""},
		"without a certificate":   {campaignpb.NewAdminServiceClient(f.dial(credentials.NewTLS(f.client()))), codes.Unauthenticated, "TOKEN_MISSING"},
		"the name in another way": {as(f.ca, "CRM.example"), codes.Unauthenticated, "CERTIFICATE_UNKNOWN"},
	} {
		_, err := c.client.GetServer(t.Context(), &campaignpb.GetServerRequest{})
		if status.Code(err) != c.code || (c.reason != "" && server.Reason(err) != c.reason) {
			t.Errorf("%s: %v (%s)", name, err, server.Reason(err))
		}
	}
	if _, err := as(f.ca, "x").RevokeToken(bearer(t, f.AdminToken()), &campaignpb.RevokeTokenRequest{Id: int64(id)}); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; {
		_, err := crm.GetServer(t.Context(), &campaignpb.GetServerRequest{})
		if server.Reason(err) == "TOKEN_REVOKED" {
			break
		}
		if time.Since(began) > 2*time.Second {
			t.Fatalf("2 s after its revocation: %v", err)
		}
	}
}

func TestPeopleSignInByTheirCompany(t *testing.T) {
	t.Parallel()
	issuer := issuertest.New(t, "redial", nil)
	issuer.Secret = "s3cret"
	f := newFortress(t, func(f *fortress) {
		f.cfg.OIDC.Issuer, f.cfg.OIDC.Client, f.cfg.OIDC.Secret = issuer.URL, "redial", "s3cret"
		f.cfg.OIDC.Roles = "Call-Managers=manager,Callers=agent"
	})
	conn := f.dial(credentials.NewTLS(f.client()))
	admin := campaignpb.NewAdminServiceClient(conn)
	if _, err := admin.CreateAgent(bearer(t, f.AdminToken()), &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{Login: "li@example.com", Name: "Li"}}); err != nil {
		t.Fatal(err)
	}
	ann := showing(t.Context(), issuer.Token(issuertest.Claims{"email": "ann@example.com", "groups": []string{"Call-Managers"}}))
	if _, err := admin.ListAgents(ann, &campaignpb.ListAgentsRequest{}); err != nil {
		t.Errorf("a manager: %v", err)
	}
	if _, err := admin.ListTokens(ann, &campaignpb.ListTokensRequest{}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("beyond a manager's role: %v", err)
	}
	li := showing(t.Context(), issuer.Token(issuertest.Claims{"email": "li@example.com", "groups": "Callers"}))
	if s, err := dialerpb.NewAgentServiceClient(conn).SignIn(li, &dialerpb.SignInRequest{}); err != nil || s.GetSession().GetLogin() != "li@example.com" {
		t.Errorf("an agent: %v, %v", s, err)
	}
	for name, c := range map[string]struct {
		claims issuertest.Claims
		code   codes.Code
		reason string
	}{
		"no agent":       {issuertest.Claims{"email": "han@example.com", "groups": "Callers"}, codes.PermissionDenied, "NO_AGENT"},
		"no group":       {issuertest.Claims{"email": "ann@example.com"}, codes.PermissionDenied, "NO_ROLE"},
		"another client": {issuertest.Claims{"aud": "billing", "groups": "Call-Managers"}, codes.Unauthenticated, "IDENTITY_REFUSED"},
		"expired":        {issuertest.Claims{"exp": time.Now().Add(-time.Minute).Unix(), "groups": "Call-Managers"}, codes.Unauthenticated, "TOKEN_EXPIRED"},
	} {
		_, err := admin.GetServer(showing(t.Context(), issuer.Token(c.claims)), &campaignpb.GetServerRequest{})
		if status.Code(err) != c.code || server.Reason(err) != c.reason {
			t.Errorf("%s: %v (%s)", name, err, server.Reason(err))
		}
	}
	issuer.SignsIn(issuertest.Claims{"email": "ann@example.com", "groups": []string{"Call-Managers"}})
	b, base := f.browser(), "https://"+local(f.Web())
	if resp, page := get(t, b, base+"/signin/oidc"); resp.StatusCode != 200 || !strings.Contains(page, `content="0;url=/"`) {
		t.Fatalf("the way by the issuer ends with %s at %s\n%s", resp.Status, resp.Request.URL.Path, page)
	}
	if _, page := get(t, b, base+"/"); !strings.Contains(page, "ann@example.com") {
		t.Errorf("not signed in:\n%s", page)
	}
	if resp, err := b.PostForm(base+"/signout", url.Values{}); err != nil || resp.Body.Close() != nil {
		t.Fatal(err)
	}
	if _, page := get(t, b, base+"/"); strings.Contains(page, "ann@example.com") {
		t.Error("still in after signing out")
	}
	issuer.SetAway(true)
	if resp, page := get(t, b, base+"/signin/oidc"); resp.StatusCode == 200 && strings.Contains(page, `content="0;url=/"`) {
		t.Error("signed in without the issuer")
	}
	if _, err := admin.ListAgents(ann, &campaignpb.ListAgentsRequest{}); err != nil {
		t.Errorf("the issuer is away, its keys are known: %v", err)
	}
}

// A request that is sent again, by an impatient program or by somebody who recorded it, happens once.
func TestRequestSentAgainHappensOnce(t *testing.T) {
	t.Parallel()
	f := newFortress(t, nil)
	conn, admin := f.dial(credentials.NewTLS(f.client())), bearer(t, f.AdminToken())
	campaigns, lists := campaignpb.NewCampaignServiceClient(conn), campaignpb.NewListServiceClient(conn)
	ids := make([]int64, 2)
	for i, name := range []string{"spring", "autumn"} {
		made, err := campaigns.CreateCampaign(admin, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{Name: name, Zone: "Asia/Shanghai"}})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = made.GetCampaign().GetId()
	}
	begin := func(in int64) (*campaignpb.BeginUploadResponse, error) {
		return lists.BeginUpload(admin, &campaignpb.BeginUploadRequest{CampaignId: in, FileName: "a.csv", RequestId: "r-1"})
	}
	first, err := begin(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := begin(ids[0])
		if err != nil || again.GetUpload().GetId() != first.GetUpload().GetId() {
			t.Errorf("again: upload %d, %v; want %d", again.GetUpload().GetId(), err, first.GetUpload().GetId())
		}
	}
	if _, err := begin(ids[1]); status.Code(err) != codes.AlreadyExists {
		t.Errorf("the same id for something else: %v", err)
	}
}

func TestRenewedCertificateIsTakenWithoutARestart(t *testing.T) {
	t.Parallel()
	f := newFortress(t, nil)
	cert, key := f.ca.Issue(t, certtest.Leaf{DNS: []string{"renewed.example"}})
	if err := errors.Join(os.WriteFile(f.cfg.TLS.Cert, cert, 0o600), os.WriteFile(f.cfg.TLS.Key, key, 0o600)); err != nil {
		t.Fatal(err)
	}
	config := f.client()
	config.ServerName = "renewed.example"
	for began := time.Now(); ; {
		c, err := tls.Dial("tcp", local(f.Web()), config)
		if err == nil {
			c.Close()
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal(err)
		}
	}
}
