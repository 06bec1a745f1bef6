package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"redial/campaign"
)

// Owners knows which campaigns things belong to.
type Owners interface {
	// CampaignsOf are the campaigns of a thing; none: there is no such thing, or nobody's.
	CampaignsOf(ctx context.Context, what campaign.Thing, id int64) ([]campaign.CampaignID, error)
}

// Reasons of a refusal to a caller who sees some campaigns only.
const (
	ReasonCampaignMissing = "CAMPAIGN_MISSING" // name one of the campaigns that the caller sees
	ReasonForAll          = "BINDS_ALL"        // it would change what binds other campaigns, too
)

// grant is what is asked of a request by a caller who sees some campaigns only. Whatever it names must belong to them.
type grant struct {
	kind   grantKind
	id     campaign.Thing // what the field id names
	ignore []string       // fields that name nothing in a request, such as those filled in by answers alone, or that the service looks at
	words  string         // why it is refused
}

type grantKind uint8

const (
	unbound  grantKind = iota + 1 // no caller of its roles is restricted
	nothing                       // it names nothing and shows nothing of a campaign
	names                         // it names a campaign, or a thing of one
	itself                        // it may name nothing: the service keeps to the caller's campaigns
	refusing                      // it binds every campaign
	scoped                        // it binds every campaign unless its scope is one
)

func naming(ignore ...string) grant             { return grant{kind: names, ignore: ignore} }
func namingID(t campaign.Thing) grant           { return grant{kind: names, id: t} }
func filtering(ignore ...string) grant          { return grant{kind: itself, ignore: ignore} }
func bindingAll(words string) grant             { return grant{kind: refusing, words: words} }
func bindingAllUnlessScoped(words string) grant { return grant{kind: scoped, words: words} }
func filteringID(t campaign.Thing) (out grant)  { return grant{kind: itself, id: t} }

// allowed says whether a restricted caller may ask this; first: a stream's first message, or the only one. Errors:
// KindNotFound as if what it names did not exist; KindInvalid when it names nothing; KindDenied.
func (g *Guard) allowed(ctx context.Context, method string, c *campaign.Caller, req any, first bool) error {
	p := plans()[method]
	if p == nil {
		return campaign.Denied(method + " is in no table of grants")
	}
	switch p.kind {
	case unbound, nothing:
		return nil
	case refusing:
		return forAll(p.words)
	case names, itself, scoped:
	}
	m, ok := req.(proto.Message)
	if !ok {
		return campaign.Denied(method + " has a request that cannot be read")
	}
	if p.kind == scoped && !p.narrow(m.ProtoReflect(), first) {
		return forAll(p.words)
	}
	var named bool
	for _, f := range p.fields {
		for id := range f.ids(m.ProtoReflect()) {
			if err := g.sees(ctx, c, f.what, id); err != nil {
				return err
			}
			named = true
		}
	}
	if p.kind == names && first && !named {
		return missing(c, p.first())
	}
	return nil
}

// sees says whether a thing belongs to a campaign that the caller sees.
func (g *Guard) sees(ctx context.Context, c *campaign.Caller, what campaign.Thing, id int64) error {
	if what == campaign.ThingCampaign {
		if !c.Sees(campaign.CampaignID(id)) {
			return campaign.NotFound(string(what), id)
		}
		return nil
	}
	of, err := g.campaignsOf(ctx, what, id)
	switch {
	case err != nil && campaign.KindOf(err) == campaign.KindInternal && ctx.Err() == nil:
		g.o.Log.WarnContext(ctx, "cannot look whose a thing is", "what", what, "error", err)
		return away("grants cannot be checked just now: try again in a second")
	case err != nil:
		return err
	case !slices.ContainsFunc(of, c.Sees):
		return campaign.NotFound(string(what), id)
	}
	return nil
}

// homesMost bounds what is remembered of lists and uploads.
const homesMost = 20_000

type home struct {
	what campaign.Thing
	id   int64
}

// campaignsOf asks the record, but for lists and uploads, which stay where they are, once only.
func (g *Guard) campaignsOf(ctx context.Context, what campaign.Thing, id int64) ([]campaign.CampaignID, error) {
	stays := what == campaign.ThingList || what == campaign.ThingUpload
	at := home{what, id}
	if stays {
		g.mu.Lock()
		of, ok := g.homes[at]
		g.mu.Unlock()
		if ok {
			return []campaign.CampaignID{of}, nil
		}
	}
	if g.o.Owners == nil {
		return nil, nil
	}
	of, err := g.o.Owners.CampaignsOf(ctx, what, id)
	if err == nil && stays && len(of) == 1 {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.homes == nil || len(g.homes) >= homesMost {
			g.homes = make(map[home]campaign.CampaignID)
		}
		g.homes[at] = of[0]
	}
	return of, err
}

func missing(c *campaign.Caller, field string) error {
	ids := make([]string, len(c.Campaigns))
	for i, id := range c.Campaigns {
		ids[i] = fmt.Sprint(id)
	}
	return &campaign.Error{
		Kind: campaign.KindInvalid, Reason: ReasonCampaignMissing,
		Violations: []campaign.Violation{{Field: field, Message: "is missing: name one of your campaigns, or a thing of one; " + c.Owner + " sees " + strings.Join(ids, ", ")}},
	}
}

func forAll(words string) error {
	return &campaign.Error{Kind: campaign.KindDenied, Reason: ReasonForAll, Message: words + ": this is for callers who see every campaign"}
}
