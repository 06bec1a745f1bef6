package campaign

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

type (
	// WebhookID names a webhook.
	WebhookID int64
	// DeliveryID names some events on their way to a webhook; it is the webhook-id of what is sent.
	DeliveryID int64
)

// Webhook is where events are sent. What it is signed with is not part of it, so that it is never told by accident.
type Webhook struct {
	ID          WebhookID
	Version     int64
	Name        string
	URL         string
	Campaigns   []CampaignID // of these alone; empty: of all in Granted
	Types       []EventType  // empty: of all
	On          bool         // sent to; while it is not, its place in the stream of events stands
	Owner       string       // who made it
	Granted     []CampaignID // that its maker saw then; empty: every one. It goes on when the maker's token is revoked
	FullNumbers bool         // its maker might see numbers that a campaign masks
	CreatedAt   time.Time
	Waiting     int64     // deliveries that wait or are tried again
	Dead        int64     // deliveries that were given up
	DeliveredAt time.Time // the last time; zero: never
	Fault       string    // what was last wrong; empty: nothing since the last delivery
	Failures    int64     // tries that failed since the last delivery
}

// The lengths that a webhook's words may have, and how many webhooks there may be.
const (
	WebhookURLMost  = 2000
	webhookNameMost = 100
	WebhooksMost    = 100
)

// Validate names what is wrong with what people give of a webhook. Where its URL may lead is for others to say.
func (w *Webhook) Validate() error {
	var v []Violation
	if n := utf8.RuneCountInString(w.Name); n < 1 || n > webhookNameMost || strings.TrimSpace(w.Name) == "" || !plain(w.Name) {
		v = append(v, Violation{"name", fmt.Sprintf("must be 1 to %d characters, for people", webhookNameMost)})
	}
	if w.URL == "" || len(w.URL) > WebhookURLMost || !plain(w.URL) {
		v = append(v, Violation{"url", fmt.Sprintf("must be https://host/path, at most %d characters", WebhookURLMost)})
	}
	for i, id := range w.Campaigns {
		if len(w.Granted) > 0 && !slices.Contains(w.Granted, id) {
			v = append(v, Violation{fmt.Sprintf("campaign_ids[%d]", i), fmt.Sprintf("no campaign %d that the webhook's maker may see", id)})
		}
	}
	if len(v) > 0 {
		return &Error{Kind: KindInvalid, Violations: v}
	}
	return nil
}

func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Hears is of which campaigns the webhook hears; empty: of every one.
func (w *Webhook) Hears() []CampaignID {
	if len(w.Campaigns) > 0 {
		return w.Campaigns
	}
	return w.Granted
}

// Filter chooses the events that it hears of.
func (w *Webhook) Filter() EventFilter { return EventFilter{Campaigns: w.Hears(), Types: w.Types} }

// SeenBy says whether a caller may see and change the webhook: it hears of nothing that the caller does not see.
func (w *Webhook) SeenBy(c *Caller) bool {
	if !c.Restricted() {
		return true
	}
	hears := w.Hears()
	return len(hears) > 0 && !slices.ContainsFunc(hears, func(id CampaignID) bool { return !c.Sees(id) })
}

// WebhookChange is a change of a webhook. A nil field is left as it is.
type WebhookChange struct {
	ID        WebhookID
	Version   int64 // the one that was seen
	Name      *string
	URL       *string
	Campaigns *[]CampaignID
	Types     *[]EventType
	On        *bool
}

// Into makes the change.
func (c *WebhookChange) Into(w *Webhook) {
	set(&w.Name, c.Name)
	set(&w.URL, c.URL)
	set(&w.Campaigns, c.Campaigns)
	set(&w.Types, c.Types)
	set(&w.On, c.On)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Signing is what a webhook's posts are signed with. Its secrets are kept whole, for a signature needs them, and told to
// nobody again.
type Signing struct {
	Secret   WebhookSecret
	Old      WebhookSecret // signs beside Secret until OldUntil; empty: none
	OldUntil time.Time
}

// OldSecretLasts is how long after a change of secrets the old one signs, too.
const OldSecretLasts = 24 * time.Hour

// At are the secrets that sign at an instant, the newest first.
func (s *Signing) At(now time.Time) []WebhookSecret {
	if s.Old != "" && now.Before(s.OldUntil) {
		return []WebhookSecret{s.Secret, s.Old}
	}
	return []WebhookSecret{s.Secret}
}

// WebhookSecret is a key of HMAC-SHA256 as Standard Webhooks writes it: whsec_ and base64. Printing it does not tell it.
type WebhookSecret string

const webhookSecretPrefix = "whsec_"

// NewWebhookSecret makes one of 256 random bits.
func NewWebhookSecret() WebhookSecret {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return WebhookSecret(webhookSecretPrefix + base64.StdEncoding.EncodeToString(key))
}

// Key is the key itself.
func (s WebhookSecret) Key() ([]byte, error) {
	text, ok := strings.CutPrefix(string(s), webhookSecretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) == 0 {
		return nil, fmt.Errorf("read a webhook's secret: it is not %s and base64", webhookSecretPrefix)
	}
	return key, nil
}

// String hides the secret from whoever prints it.
func (s WebhookSecret) String() string { return webhookSecretPrefix + "…" }

// GoString hides it, too.
func (s WebhookSecret) GoString() string { return s.String() }

// MarshalText hides it from logs in JSON.
func (s WebhookSecret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the secret, for the one answer that tells it and for the record.
func (s WebhookSecret) Reveal() string { return string(s) }
