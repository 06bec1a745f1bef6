// Package manual is the carrier of the agent's own phone: it hands out the link that the agent's desktop dials, and
// the agent's outcome ends the call.
//
// It decides how the link is written and nothing else: it hears nothing of the line, so it never says whether somebody
// answered, and never ends a call by itself.
package manual

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"redial/campaign"
	"redial/dialer"
)

// Options say which link the desktops' phones understand. The zero value makes tel: links.
type Options struct {
	// SIPDomain, such as "pbx.example.com", makes sip: links to that domain; empty: tel: links (RFC 3966).
	SIPDomain string
}

// Carrier hands calls to agents' own phones.
type Carrier struct {
	domain string

	mu sync.Mutex
	up map[campaign.AssignmentID]*call
}

var _ dialer.Carrier = (*Carrier)(nil)

// New makes the carrier. A SIPDomain that cannot stand in a link is an error of kind KindInvalid.
func New(o Options) (*Carrier, error) {
	if strings.ContainsAny(o.SIPDomain, "@;?&<>\"/ \t\r\n") {
		return nil, campaign.Invalid("sip_domain", fmt.Sprintf("%q is no host name: give one such as pbx.example.com", o.SIPDomain))
	}
	return &Carrier{domain: o.SIPDomain, up: map[campaign.AssignmentID]*call{}}, nil
}

// Name is "manual".
func (c *Carrier) Name() string { return "manual" }

// Link is what the agent's desktop dials for a number.
func (c *Carrier) Link(n campaign.Number) string {
	tel := n.TelURI()
	if c.domain == "" {
		return tel
	}
	return "sip:" + strings.TrimPrefix(tel, "tel:") + "@" + c.domain + ";user=phone"
}

// Dial hands the link over; the only events are CallHanded and, when the outcome is recorded, CallOver.
func (c *Carrier) Dial(ctx context.Context, d dialer.Dialling) (dialer.Call, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("hand call of assignment %d over: %w", d.Assignment, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if open, ok := c.up[d.Assignment]; ok {
		return open, nil
	}
	now := time.Now()
	k := &call{CallLine: dialer.NewCallLine(now), carrier: c, id: d.Assignment}
	k.Hand(now, c.Link(d.To))
	c.up[d.Assignment] = k
	return k, nil
}

type call struct {
	*dialer.CallLine
	carrier *Carrier
	id      campaign.AssignmentID
}

// Hangup ends the record of the call: the agent has hung up their own phone. What came of it is the agent's to say.
func (k *call) Hangup(context.Context) error {
	k.carrier.mu.Lock()
	defer k.carrier.mu.Unlock()
	if k.End(time.Now(), dialer.Cause{HungUpBy: dialer.PartyUs}) {
		delete(k.carrier.up, k.id)
	}
	return nil
}
