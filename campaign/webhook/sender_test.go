package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"redial/campaign"
	"redial/campaign/egress"
	pb "redial/proto/campaign/v1"
)

func TestEventsArriveSignedAndInOrder(t *testing.T) {
	t.Parallel()
	o := open(t)
	made := o.happen(130)
	if len(made) != 2 {
		t.Fatalf("%d deliveries of 130 events, want 2", len(made))
	}
	o.push(made[0].ID) // and, as it goes, the other one
	posts := o.got()
	if len(posts) != 2 || len(posts[0].body.Events) != 100 || len(posts[1].body.Events) != 30 {
		t.Fatalf("%d posts", len(posts))
	}
	last := int64(0)
	for i, p := range posts {
		if p.id != p.body.Delivery || p.body.Webhook == "" || p.body.First == "" || p.body.Last == "" {
			t.Errorf("post %d: %+v", i, p)
		}
		for _, raw := range p.body.Events {
			var e pb.Event
			if err := protojson.Unmarshal(raw, &e); err != nil || e.GetId() <= last || e.GetSuppression().GetReason() != "complaint" {
				t.Fatalf("event %s: %v", raw, err)
			}
			last = e.GetId()
			if !strings.Contains(string(raw), "EVENT_TYPE_SUPPRESSED") {
				t.Errorf("event %s", raw)
			}
		}
	}
	if w := o.now(); w.Waiting != 0 || w.Dead != 0 || w.DeliveredAt.IsZero() || w.Fault != "" {
		t.Errorf("afterwards %+v", w)
	}
	if again := o.push(made[0].ID); again != nil || len(o.got()) != 0 {
		t.Error("a delivered one was sent again")
	}
}

func TestAFailureIsTriedAgainLaterAndLaterUntilItIsDeadAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.status(http.StatusInternalServerError)
	d := o.happen(1)[0]
	began, tries := o.Now(), 0
	for ; tries < 100; tries++ {
		again := o.push(d.ID)
		if again == nil {
			break
		}
		if early := o.push(d.ID); early != nil {
			t.Fatal("it was tried before its time")
		}
		wait := again[0].Sub(o.Now())
		if want := campaign.DeliveryWait(tries+1, 0.5); wait < want-time.Second || wait > want+time.Second {
			t.Fatalf("after try %d it waits %v, want %v", tries+1, wait, want)
		}
		o.wait(wait)
	}
	if took := o.Now().Sub(began); took < 20*time.Hour || took > 28*time.Hour || len(o.got()) != tries+1 {
		t.Errorf("given up after %d tries in %v", tries+1, took)
	}
	if w := o.now(); w.Dead != 1 || w.Waiting != 0 || !strings.Contains(w.Fault, "500") || o.counts[Dead] != 1 || o.counts[Failed] != tries {
		t.Errorf("afterwards %+v, counted %v", w, o.counts)
	}
	o.wait(48 * time.Hour)
	if o.push(d.ID); len(o.got()) != 0 {
		t.Error("a dead one was tried")
	}
	o.check(o.ReplayDead(t.Context(), o.webhook.ID))
	o.status(http.StatusOK)
	o.push(d.ID)
	if posts := o.got(); len(posts) != 1 || posts[0].id != posts[0].body.Delivery || o.now().Dead != 0 {
		t.Errorf("replayed: %+v", posts)
	}
}

func TestOneThatFailsLeavesItsPlaceToOthers(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.status(http.StatusBadGateway)
	made := o.happen(450)
	if again := o.push(made[0].ID); len(again) != 1 || len(o.got()) != 1 || len(made) != 5 {
		t.Errorf("tried again at %v: it went on with others after a failure", again)
	}
	for _, d := range made[1:3] {
		o.push(d.ID)
	}
	o.status(http.StatusOK)
	o.got()
	if o.push(made[3].ID); len(o.got()) != 5 || o.now().Waiting != 0 {
		t.Errorf("%d wait after it answered, want all sent at once", o.now().Waiting)
	}
}

func TestWhatGoneSaysTurnsItOff(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.status(http.StatusGone)
	o.push(o.happen(1)[0].ID)
	if w := o.now(); w.On || !strings.Contains(w.Fault, "410") || o.counts[Gone] != 1 {
		t.Errorf("after 410: %+v", w)
	}
	if made := o.happen(3); len(made) != 0 {
		t.Errorf("handed out to one that is off: %v", made)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	o := open(t)
	var reached atomic.Bool
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer inner.Close()
	o.answers(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inner.URL, http.StatusPermanentRedirect)
	})
	again := o.push(o.happen(1)[0].ID)
	if w := o.now(); reached.Load() || len(again) != 1 || !strings.Contains(w.Fault, "redirect") {
		t.Errorf("reached %v, %+v", reached.Load(), w)
	}
}

func TestNobodyIsReachedWhoIsNotAllowed(t *testing.T) {
	t.Parallel()
	o := open(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer secure.Close()
	_, port, err := net.SplitHostPort(secure.Listener.Addr().String())
	o.check(err)
	o.sender = o.newSender(egress.Guard{})
	for _, url := range []string{"https://localhost:" + port + "/", secure.URL, o.server.URL, "http://localhost:" + port} {
		w := o.create(t.Context(), url)
		a, err := o.sender.Test(t.Context(), w.ID)
		if err != nil || a.Status != 0 || !strings.Contains(a.Fault, "loopback") || !strings.Contains(a.Fault, egress.Setting) {
			t.Errorf("%s: %+v %v", url, a, err)
		}
	}
}

func TestTheCertificateIsVerified(t *testing.T) {
	t.Parallel()
	o := open(t)
	secure := httptest.NewTLSServer(o)
	defer secure.Close()
	w := o.create(t.Context(), secure.URL)
	if a, err := o.sender.Test(t.Context(), w.ID); err != nil || !strings.Contains(a.Fault, "certificate") {
		t.Errorf("a certificate of nobody's: %+v %v", a, err)
	}
	client := here.Client(PostTimeout)
	client.Transport = secure.Client().Transport
	o.sender.client = client
	if a, err := o.sender.Test(t.Context(), w.ID); err != nil || a.Fault != "" || a.Status != http.StatusNoContent {
		t.Errorf("over TLS: %+v %v", a, err)
	}
}

func TestAnEndpointThatHangsIsGivenUpAndNamedNowhere(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.sender.client = here.Client(100 * time.Millisecond)
	o.answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	again := o.push(o.happen(1)[0].ID)
	if w := o.now(); len(again) != 1 || !strings.Contains(w.Fault, "did not answer") || strings.Contains(w.Fault, "hidden") {
		t.Errorf("again %v, %+v", again, w)
	}
	o.server.Close()
	o.wait(time.Hour)
	due, err := o.DueDeliveries(t.Context(), 10)
	o.check(err)
	o.push(due[0].ID)
	if w := o.now(); !strings.Contains(w.Fault, "cannot be reached") || strings.Contains(w.Fault, "hidden") {
		t.Errorf("closed: %q", w.Fault)
	}
}

func TestAnEndlessAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.answers(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 8192)); err != nil {
				return
			}
		}
	})
	if again := o.push(o.happen(1)[0].ID); again != nil || o.now().Waiting != 0 {
		t.Errorf("tried again at %v", again)
	}
}

func TestADelayedStopLeavesTheDeliveryToOthers(t *testing.T) {
	t.Parallel()
	o := open(t)
	ctx, stop := context.WithCancel(t.Context())
	o.answers(func(_ http.ResponseWriter, r *http.Request) { stop(); <-r.Context().Done() })
	d := o.happen(1)[0]
	err := o.sender.Push(ctx, d.ID, func(campaign.DeliveryID, time.Time) { t.Error("it counted as a failure") })
	if !errors.Is(err, context.Canceled) || o.now().Failures != 0 {
		t.Errorf("%v, %+v", err, o.now())
	}
	o.answers(nil)
	if o.push(d.ID); len(o.got()) != 1 {
		t.Error("it was sent again while the first may still be under way")
	}
	o.wait(hold + time.Second)
	if o.push(d.ID); len(o.got()) != 1 {
		t.Error("nobody sent it after the hold")
	}
}

func TestManyNodesDeliverOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	made := o.happen(700)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for _, d := range made {
				if err := o.sender.Push(t.Context(), d.ID, func(campaign.DeliveryID, time.Time) { t.Error("one failed") }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := make(map[string]int)
	for _, p := range o.got() {
		seen[p.id]++
		if seen[p.id] > 1 {
			t.Errorf("delivery %s came twice", p.id)
		}
	}
	if len(seen) != len(made) || o.now().Waiting != 0 {
		t.Errorf("%d of %d came", len(seen), len(made))
	}
}

func TestBothSecretsSignAfterARotation(t *testing.T) {
	t.Parallel()
	o := open(t)
	old := o.secret
	secret := campaign.NewWebhookSecret()
	o.check(o.RotateWebhook(t.Context(), o.webhook.ID, secret))
	for _, s := range []campaign.WebhookSecret{old, secret} { // the receiver verifies by either
		o.secret = s
		if a, err := o.sender.Test(t.Context(), o.webhook.ID); err != nil || a.Fault != "" {
			t.Errorf("%+v %v", a, err)
		}
	}
	posts := o.got()
	if len(posts) != 2 || !strings.HasPrefix(posts[0].id, "test-") || posts[0].id == posts[1].id || string(posts[0].raw) == "" || posts[0].body.Events == nil || len(posts[0].body.Events) != 0 {
		t.Errorf("tests: %+v", posts)
	}
}

func TestNumbersAreAsTheMakerSawThem(t *testing.T) {
	t.Parallel()
	o := open(t)
	for owner, full := range map[string]bool{"ann": false, "bob": true} {
		c := campaign.Caller{Owner: owner, Role: campaign.RoleManager}
		if full {
			c.Permissions = []campaign.Permission{campaign.PermitNumbers}
		}
		o.check(o.DeleteWebhook(t.Context(), o.webhook.ID))
		o.webhook = o.create(campaign.WithCaller(t.Context(), c), o.server.URL)
		o.push(o.happen(1)[0].ID)
		posts := o.got()
		var e struct{ Suppression struct{ Number string } }
		if len(posts) != 1 || json.Unmarshal(posts[0].body.Events[0], &e) != nil {
			t.Fatalf("%s: %s", owner, posts)
		}
		if n := e.Suppression.Number; strings.Contains(n, "•") == full || n == "" {
			t.Errorf("%s heard %s", owner, n)
		}
	}
}

func TestEventsThatRetentionDroppedAreSaidToBeLost(t *testing.T) {
	t.Parallel()
	o := open(t)
	d := o.happen(5)[0]
	o.wait(72 * time.Hour)
	o.happen(1)
	_, err := o.DropEvents(t.Context(), campaign.LeastEventsKept)
	o.check(err)
	o.push(d.ID)
	posts := o.got()
	if len(posts) != 1 || len(posts[0].body.Events) != 1 || o.counts[Lost] == 0 {
		t.Errorf("%d posts, counted %v, fault %q", len(posts), o.counts, o.now().Fault)
	}
}
