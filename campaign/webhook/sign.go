// Package webhook sends events to those who cannot ask for them: it signs, posts, and has what failed tried again. Which
// events a webhook hears of, and what waits, is in the record; who may be connected to is decided by package egress; when
// it runs is decided by whoever calls it. It follows no redirect and never tells a secret.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"redial/campaign"
)

// The headers of Standard Webhooks (https://www.standardwebhooks.com).
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp" // seconds since 1970
	HeaderSignature = "webhook-signature" // one or more of "v1,<base64>", separated by spaces
)

// Sign is the signature of a message: HMAC-SHA256 over id, timestamp and body with dots between them, by each secret.
func Sign(id string, at time.Time, body []byte, secrets ...campaign.WebhookSecret) (string, error) {
	head := id + "." + strconv.FormatInt(at.Unix(), 10) + "."
	signatures := make([]string, 0, len(secrets))
	for _, s := range secrets {
		key, err := s.Key()
		if err != nil {
			return "", err
		}
		h := hmac.New(sha256.New, key)
		h.Write([]byte(head))
		h.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(signatures, " "), nil
}
