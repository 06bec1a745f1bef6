package webhook

import (
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

// The example of the Standard Webhooks libraries (github.com/standard-webhooks/standard-webhooks, libraries/*/test).
func TestTheSignatureIsThatOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	const secret, id, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	at := time.Unix(1614265330, 0)
	got, err := Sign(id, at, []byte(body), secret)
	if err != nil || got != want {
		t.Errorf("signed %q: %v, want %q", got, err, want)
	}
	both, err := Sign(id, at, []byte(body), campaign.NewWebhookSecret(), secret)
	if parts := strings.Fields(both); err != nil || len(parts) != 2 || parts[1] != want || parts[0] == want {
		t.Errorf("by two secrets %q: %v", both, err)
	}
	if _, err := Sign(id, at, nil, "whsec_***"); err == nil || strings.Contains(err.Error(), "***") {
		t.Errorf("a broken secret: %v", err)
	}
}
