package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"redial/campaign"
)

// PostTimeout is how long an answer may take, its body included.
const PostTimeout = 10 * time.Second

// Answer is what came of a post.
type Answer struct {
	Status int    // of HTTP; 0: none came
	Fault  string // what was wrong, for people; empty: it was taken
	Gone   bool   // the receiver said that it is no more
}

// message is what is posted.
type message struct {
	url  string
	id   string
	at   time.Time
	body []byte
	sign campaign.Signing
}

// post sends a message. Nothing that the receiver writes is told on: it may be another's secret.
func post(ctx context.Context, client *http.Client, m message) Answer {
	signature, err := Sign(m.id, m.at, m.body, m.sign.At(m.at)...)
	if err != nil {
		return Answer{Fault: "the secret cannot be read: rotate it"}
	}
	ctx, cancel := context.WithTimeout(ctx, PostTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(m.body))
	if err != nil {
		return Answer{Fault: "the URL cannot be asked"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "redial")
	r.Header[HeaderID] = []string{m.id}
	r.Header[HeaderTimestamp] = []string{strconv.FormatInt(m.at.Unix(), 10)}
	r.Header[HeaderSignature] = []string{signature}
	resp, err := client.Do(r)
	if err != nil {
		return Answer{Fault: faultOf(err)}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // bounded by the client; the status is the answer, whatever the body is
	return answered(resp.StatusCode)
}

func answered(status int) Answer {
	a := Answer{Status: status, Gone: status == http.StatusGone}
	switch {
	case status >= 200 && status <= 299:
	case status >= 300 && status <= 399:
		a.Fault = fmt.Sprintf("answered %d: redirects are not followed, give the webhook the URL that it leads to", status)
	case a.Gone:
		a.Fault = "answered 410 Gone: the webhook was turned off"
	default:
		a.Fault = strings.TrimSpace(fmt.Sprintf("answered %d %s", status, http.StatusText(status)))
	}
	return a
}
