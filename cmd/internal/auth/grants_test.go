package auth

import (
	"context"
	"maps"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
)

func TestI11EveryMethodHasAGrant(t *testing.T) {
	t.Parallel()
	if err := CheckGrants(served()); err != nil {
		t.Error(err)
	}
	more := served()
	more["campaign.v1.CampaignService"] = grpc.ServiceInfo{
		Methods: append(more["campaign.v1.CampaignService"].Methods, grpc.MethodInfo{Name: "DropEverything"}),
	}
	if err := (&Guard{}).Check(more); err == nil || !strings.Contains(err.Error(), "DropEverything has no row in the table of grants") {
		t.Errorf("a method without a row: %v", err)
	}
}

func TestGrantsThatDoNotFitTheirRequestsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		grant  grant
		says   string
	}{
		{"/campaign.v1.LeadService/GetLead", naming(), "id of campaign.v1.GetLeadRequest names something that no grant knows"},
		{"/campaign.v1.WebhookService/ListDeliveries", filtering(), "webhook_id of"},
		{"/campaign.v1.LeadService/GetLead", grant{kind: nothing, id: campaign.ThingLead}, "its grant says that it does not"},
		{"/campaign.v1.AdminService/GetServer", naming(), "its grant says that it does"},
		{"/campaign.v1.LeadService/GetLead", bindingAllUnlessScoped("x"), "no campaign that it could be scoped to"},
		{"/campaign.v1.ListService/ListLists", filtering("list_id"), "has no field list_id"},
		{"/campaign.v1.ListService/DropLists", filtering(), "there is no such method"},
		{"/campaign.v1.NoService/DropLists", filtering(), "find the request"},
	} {
		if _, err := compile(c.method, c.grant); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.method, err, c.says)
		}
	}
}

// owners says that things with ids to 99 are campaign 1's, to 199 campaign 2's; agent 5 works on both.
type owners struct {
	asked int
	err   error
}

func (o *owners) CampaignsOf(_ context.Context, what campaign.Thing, id int64) ([]campaign.CampaignID, error) {
	o.asked++
	switch {
	case o.err != nil:
		return nil, o.err
	case what == campaign.ThingAgent && id == 5:
		return []campaign.CampaignID{1, 2}, nil
	case id > 0 && id < 100:
		return []campaign.CampaignID{1}, nil
	case id < 200:
		return []campaign.CampaignID{2}, nil
	}
	return nil, nil
}

// few is a guard with a manager and a supervisor who see campaign 1 alone.
func few(t *testing.T) (*Guard, *owners) {
	t.Helper()
	r, o := &record{tokens: map[string]*campaign.Token{
		"rd_few":  {ID: 1, Owner: "mei", Role: campaign.RoleManager, Campaigns: []campaign.CampaignID{1}},
		"rd_shop": {ID: 2, Owner: "wu", Role: campaign.RoleSupervisor, Campaigns: []campaign.CampaignID{1}},
		"rd_all":  {ID: 3, Owner: "li", Role: campaign.RoleManager},
	}}, &owners{}
	return New(r, Options{Owners: o}), o
}

func unary(ctx context.Context, g *Guard, secret, method string, req proto.Message) (reached bool, err error) {
	_, err = g.Unary()(showing(ctx, secret), req, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) {
		reached = true
		return nil, nil
	})
	return reached, err
}

func TestWhatARequestNamesMustBeOfTheCallersCampaigns(t *testing.T) {
	t.Parallel()
	const lead, list, admin, lift = "/campaign.v1.LeadService/", "/campaign.v1.ListService/", "/campaign.v1.AdminService/", "/campaign.v1.SuppressionService/Lift"
	inCampaign := campaignv1.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN
	for name, c := range map[string]struct {
		method string
		req    proto.Message
		kind   campaign.Kind // KindInternal: it may
		says   string
	}{
		"own lead":             {lead + "GetLead", &campaignv1.GetLeadRequest{Id: 7}, 0, ""},
		"another's lead":       {lead + "GetLead", &campaignv1.GetLeadRequest{Id: 107}, campaign.KindNotFound, "no lead 107"},
		"no lead":              {lead + "GetLead", &campaignv1.GetLeadRequest{Id: 307}, campaign.KindNotFound, "no lead 307"},
		"no id":                {lead + "GetLead", &campaignv1.GetLeadRequest{}, campaign.KindInvalid, "id: is missing: name one of your campaigns"},
		"own campaign":         {list + "ListLists", &campaignv1.ListListsRequest{CampaignId: 1}, 0, ""},
		"another's campaign":   {list + "ListLists", &campaignv1.ListListsRequest{CampaignId: 2}, campaign.KindNotFound, "no campaign 2"},
		"all, filtered":        {list + "ListLists", &campaignv1.ListListsRequest{}, 0, ""},
		"nested":               {lead + "UpdateLead", &campaignv1.UpdateLeadRequest{Lead: &campaignv1.Lead{Id: 107}}, campaign.KindNotFound, "no lead 107"},
		"nested, own":          {lead + "UpdateLead", &campaignv1.UpdateLeadRequest{Lead: &campaignv1.Lead{Id: 7, OwnerId: 107}}, 0, ""},
		"one of several":       {"/campaign.v1.EventService/WatchEvents", &campaignv1.WatchEventsRequest{CampaignIds: []int64{1, 2}}, campaign.KindNotFound, "no campaign 2"},
		"in a list":            {admin + "UpdateAgent", &campaignv1.UpdateAgentRequest{Agent: &campaignv1.Agent{Id: 5, Campaigns: []*campaignv1.Membership{{CampaignId: 1}, {CampaignId: 2}}}}, campaign.KindNotFound, "no campaign 2"},
		"shared agent":         {admin + "UpdateAgent", &campaignv1.UpdateAgentRequest{Agent: &campaignv1.Agent{Id: 5}}, 0, ""},
		"promises to another":  {admin + "UpdateAgent", &campaignv1.UpdateAgentRequest{Agent: &campaignv1.Agent{Id: 5}, PromisesTo: 106}, campaign.KindNotFound, "no agent 106"},
		"binds all":            {"/campaign.v1.CampaignService/CreateCampaign", &campaignv1.CreateCampaignRequest{}, campaign.KindDenied, "none of yours yet"},
		"lifted everywhere":    {lift, &campaignv1.LiftRequest{}, campaign.KindDenied, "binds every campaign"},
		"lifted, wrong scope":  {lift, &campaignv1.LiftRequest{CampaignId: 1}, campaign.KindDenied, "binds every campaign"},
		"lifted, another's":    {lift, &campaignv1.LiftRequest{Scope: inCampaign, CampaignId: 2}, campaign.KindNotFound, "no campaign 2"},
		"lifted in its own":    {lift, &campaignv1.LiftRequest{Scope: inCampaign, CampaignId: 1}, 0, ""},
		"whoever passes it on": {"/campaign.v1.SuppressionService/Suppress", &campaignv1.SuppressRequest{Phone: "+1"}, 0, ""},
	} {
		g, _ := few(t)
		reached, err := unary(t.Context(), g, "rd_few", c.method, c.req)
		if campaign.KindOf(err) != c.kind || reached != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: reached %v, %v; want kind %d, %q", name, reached, err, c.kind, c.says)
		}
		if reached, err := unary(t.Context(), g, "rd_all", c.method, c.req); !reached || err != nil {
			t.Errorf("%s by who sees everything: %v", name, err)
		}
	}
}

func TestWhoSeesEverythingPaysNothing(t *testing.T) {
	t.Parallel()
	g, o := few(t)
	for range 3 {
		_, _ = unary(t.Context(), g, "rd_all", "/campaign.v1.LeadService/GetLead", &campaignv1.GetLeadRequest{Id: 107})
	}
	if o.asked != 0 {
		t.Errorf("%d questions to the record", o.asked)
	}
	for range 3 {
		_, _ = unary(t.Context(), g, "rd_few", "/campaign.v1.ListService/GetList", &campaignv1.GetListRequest{Id: 7})
	}
	if o.asked != 1 {
		t.Errorf("%d questions for one list, which stays where it is; want 1", o.asked)
	}
	for range 3 {
		_, _ = unary(t.Context(), g, "rd_few", "/campaign.v1.LeadService/GetLead", &campaignv1.GetLeadRequest{Id: 7})
	}
	if o.asked != 4 {
		t.Errorf("%d questions: a lead may move, and is asked for each time", o.asked)
	}
}

func TestGrantsThatCannotBeCheckedLetNobodyThrough(t *testing.T) {
	t.Parallel()
	g, o := few(t)
	o.err = errDown
	reached, err := unary(t.Context(), g, "rd_few", "/campaign.v1.LeadService/GetLead", &campaignv1.GetLeadRequest{Id: 7})
	if reached || campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("with the record away: reached %v, %v", reached, err)
	}
}

// said is a stream in which one message after the other is heard.
type said struct {
	grpc.ServerStream
	ctx  context.Context
	next []proto.Message
}

func (s *said) Context() context.Context { return s.ctx }
func (s *said) RecvMsg(m any) error {
	proto.Merge(m.(proto.Message), s.next[0])
	s.next = s.next[1:]
	return nil
}

func TestEachMessageOfAStreamIsLookedAt(t *testing.T) {
	t.Parallel()
	piece := func(id int64) proto.Message { return &campaignv1.UploadRequest{UploadId: id} }
	begin := func(q *campaignv1.SuppressionFile) proto.Message {
		return &campaignv1.ImportSuppressionsRequest{Part: &campaignv1.ImportSuppressionsRequest_Begin{Begin: q}}
	}
	rest := &campaignv1.ImportSuppressionsRequest{Part: &campaignv1.ImportSuppressionsRequest_Piece{Piece: []byte("+1")}}
	own := &campaignv1.SuppressionFile{Scope: campaignv1.SuppressionScope_SUPPRESSION_SCOPE_CAMPAIGN, CampaignId: 1}
	const upload, imports = "/campaign.v1.ListService/Upload", "/campaign.v1.SuppressionService/ImportSuppressions"
	for name, c := range map[string]struct {
		method string
		into   func() proto.Message
		said   []proto.Message
		heard  int
		kind   campaign.Kind
	}{
		"own":               {upload, func() proto.Message { return &campaignv1.UploadRequest{} }, []proto.Message{piece(7), piece(0), piece(7)}, 3, 0},
		"nothing at first":  {upload, func() proto.Message { return &campaignv1.UploadRequest{} }, []proto.Message{piece(0)}, 0, campaign.KindInvalid},
		"another's":         {upload, func() proto.Message { return &campaignv1.UploadRequest{} }, []proto.Message{piece(107)}, 0, campaign.KindNotFound},
		"another's, later":  {upload, func() proto.Message { return &campaignv1.UploadRequest{} }, []proto.Message{piece(7), piece(107)}, 1, campaign.KindNotFound},
		"a register of all": {imports, func() proto.Message { return &campaignv1.ImportSuppressionsRequest{} }, []proto.Message{begin(&campaignv1.SuppressionFile{})}, 0, campaign.KindDenied},
		"one's own":         {imports, func() proto.Message { return &campaignv1.ImportSuppressionsRequest{} }, []proto.Message{begin(own), rest}, 2, 0},
		"and then all":      {imports, func() proto.Message { return &campaignv1.ImportSuppressionsRequest{} }, []proto.Message{begin(own), begin(&campaignv1.SuppressionFile{})}, 1, campaign.KindDenied},
		"without a word":    {imports, func() proto.Message { return &campaignv1.ImportSuppressionsRequest{} }, []proto.Message{rest}, 0, campaign.KindDenied},
	} {
		g, _ := few(t)
		heard := 0
		err := g.Stream()(nil, &said{ctx: showing(t.Context(), "rd_few"), next: c.said}, &grpc.StreamServerInfo{FullMethod: c.method}, func(_ any, ss grpc.ServerStream) error {
			for range c.said {
				if err := ss.RecvMsg(c.into()); err != nil {
					return err
				}
				heard++
			}
			return nil
		})
		if heard != c.heard || campaign.KindOf(err) != c.kind {
			t.Errorf("%s: heard %d messages, %v; want %d, kind %d", name, heard, err, c.heard, c.kind)
		}
	}
}

func TestTheCallersAddressIsKnown(t *testing.T) {
	t.Parallel()
	g, _ := few(t)
	for addr, want := range map[net.Addr]string{
		&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.7"), Port: 4000}: "192.0.2.7",
		&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 4000}:      "2001:db8::1",
	} {
		ctx := peer.NewContext(metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer rd_shop")), &peer.Peer{Addr: addr})
		_, err := g.Unary()(ctx, &dialerv1.GetFloorRequest{}, &grpc.UnaryServerInfo{FullMethod: "/dialer.v1.FloorService/GetFloor"}, func(ctx context.Context, _ any) (any, error) {
			if c := campaign.CallerFrom(ctx); c.From != want {
				t.Errorf("from %q, want %q", c.From, want)
			}
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestTheTableOfGrantsIsThatOfRoles(t *testing.T) {
	t.Parallel()
	for method := range maps.Keys(table) {
		if _, ok := grants[method]; !ok {
			t.Errorf("%s has no grant", method)
		}
	}
}
