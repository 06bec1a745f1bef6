package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/egress"
	"redial/campaign/store"
	"redial/campaign/wire"
)

var here = egress.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// office is a record with one running campaign, a sender, and a receiver that answers what its hook says.
type office struct {
	*testing.T
	*store.Store
	sender   *Sender
	skew     atomic.Int64
	campaign campaign.Campaign
	server   *httptest.Server
	webhook  campaign.Webhook

	mu     sync.Mutex
	secret campaign.WebhookSecret
	answer func(http.ResponseWriter, *http.Request) // nil: 204
	posts  []received
	counts map[Result]int
}

// received is a post whose signature was verified.
type received struct {
	id, raw string
	body    struct {
		Webhook  string            `json:"webhook_id"`
		Delivery string            `json:"delivery_id"`
		First    string            `json:"first"`
		Last     string            `json:"last"`
		Events   []json.RawMessage `json:"events"`
	}
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{T: t, counts: make(map[Result]int)}
	var err error
	o.Store, err = store.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "r.db"), store.Options{Now: func() time.Time {
		return time.Now().Add(time.Duration(o.skew.Load()))
	}})
	o.check(err)
	t.Cleanup(func() { o.check(o.Close()) })
	o.sender = o.newSender(here)
	o.server = httptest.NewServer(o)
	t.Cleanup(o.server.Close)
	c := campaign.Campaign{Name: "spring", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
	o.campaign, err = o.CreateCampaign(t.Context(), c)
	o.check(err)
	o.webhook = o.create(t.Context(), o.server.URL+"/hook?key=hidden")
	return o
}

func (o *office) newSender(g egress.Guard) *Sender {
	return NewSender(o.Store, g.Client(PostTimeout), o.masks, Options{Spread: func() float64 { return 0.5 }, Count: func(r Result) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.counts[r]++
	}})
}

// masks shows full numbers to those who may see them.
func (o *office) masks(ctx context.Context) wire.Mask {
	c := campaign.CallerFrom(ctx)
	return func(_ campaign.CampaignID, n string) string {
		if c.May(campaign.PermitNumbers) {
			return n
		}
		return campaign.Phone(n).Masked()
	}
}

func (o *office) check(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) create(ctx context.Context, url string) campaign.Webhook {
	o.Helper()
	secret := campaign.NewWebhookSecret()
	w, err := o.CreateWebhook(ctx, campaign.Webhook{Name: "crm", URL: url, On: true}, secret)
	o.check(err)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.secret = secret
	return w
}

func (o *office) wait(d time.Duration) { o.skew.Add(int64(d)) }

// ServeHTTP is the receiver: it verifies as Standard Webhooks asks, by means of its own.
func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		o.Error(err)
	}
	o.mu.Lock()
	secret, answer := o.secret, o.answer
	o.mu.Unlock()
	if fault := verify(secret.Reveal(), r.Header, string(raw), o.Now()); fault != "" {
		o.Error(fault)
	}
	p := received{id: r.Header.Get("webhook-id"), raw: string(raw)}
	if err := json.Unmarshal(raw, &p.body); err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		o.Errorf("%s of %q: %v", r.Method, r.Header.Get("Content-Type"), err)
	}
	o.mu.Lock()
	o.posts = append(o.posts, p)
	o.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, r)
}

// verify is what a receiver does with a post; empty: it is genuine.
func verify(secret string, h http.Header, body string, now time.Time) string {
	key, err := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	if err != nil {
		return err.Error()
	}
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, h.Get("webhook-id")+"."+h.Get("webhook-timestamp")+"."+body)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	var sec int64
	fmt.Sscan(h.Get("webhook-timestamp"), &sec)
	if age := now.Sub(time.Unix(sec, 0)); age < -5*time.Second || age > 5*time.Minute {
		return fmt.Sprintf("the timestamp is %v old", age)
	}
	for s := range strings.FieldsSeq(h.Get("webhook-signature")) {
		if version, sum, _ := strings.Cut(s, ","); version == "v1" && hmac.Equal([]byte(sum), []byte(want)) {
			return ""
		}
	}
	return fmt.Sprintf("signature %q does not match", h.Get("webhook-signature"))
}

func (o *office) answers(fn func(http.ResponseWriter, *http.Request)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = fn
}

func (o *office) status(n int) {
	o.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) })
}

// got are the posts since the last question.
func (o *office) got() []received {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.posts
	o.posts = nil
	return p
}

// happen puts n events into the stream and hands them out.
func (o *office) happen(n int) []campaign.Delivery {
	o.Helper()
	ctx := o.Context()
	for i := range n {
		_, err := o.Suppress(ctx, campaign.Suppression{Phone: campaign.Phone(fmt.Sprintf("+86138%08d", o.Now().UnixNano()/1000%90000000+int64(i))), Reason: "complaint"})
		o.check(err)
	}
	epoch, _, err := o.Elect(ctx, store.Elected, "n1", time.Hour)
	o.check(err)
	_, err = o.Sequence(ctx, epoch, n+100)
	o.check(err)
	made, err := o.HandOut(ctx)
	o.check(err)
	return made
}

// push sends a delivery and is told of what is to be tried again.
func (o *office) push(id campaign.DeliveryID) (again []time.Time) {
	o.Helper()
	o.check(o.sender.Push(o.Context(), id, func(_ campaign.DeliveryID, at time.Time) { again = append(again, at) }))
	return again
}

func (o *office) now() campaign.Webhook {
	o.Helper()
	w, err := o.Webhook(o.Context(), o.webhook.ID)
	o.check(err)
	return w
}
