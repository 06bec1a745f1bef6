package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"redial/campaign"
	"redial/campaign/egress"
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
		a.Fault = fmt.Sprintf("answered %d %s", status, http.StatusText(status))
	}
	return a
}

// faultOf is an error of the way to the receiver in words that do not repeat the URL, which may hold a password.
func faultOf(err error) string {
	if r, ok := errors.AsType[*egress.Refusal](err); ok {
		return r.Error()
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	dns, unnamed := errors.AsType[*net.DNSError](err)
	timeout, slow := errors.AsType[net.Error](err)
	switch {
	case unnamed && dns.IsNotFound:
		return "its host's name is not known"
	case unnamed:
		return "its host's name could not be looked up"
	case errors.Is(err, context.DeadlineExceeded), slow && timeout.Timeout():
		return fmt.Sprintf("did not answer in %v", PostTimeout)
	default:
		return "cannot be reached: " + err.Error()
	}
}
