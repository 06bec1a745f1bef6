package app_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	rpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// realm is a server with two campaigns, ours and theirs, each with a list, leads, agents and what calls leave behind.
// Whatever is of the other one has "theirs" in its name.
type realm struct {
	t      *testing.T
	conn   *grpc.ClientConn
	admin  context.Context
	ours   int64
	things map[string]int64 // theirs, by what it is
	leads  []int64          // theirs
	mine   map[string]int64 // ours
}

func newRealm(t *testing.T) *realm {
	t.Helper()
	return newRealmWith(t, "agent=0,supervisor=0,manager=0,quality=0,crm=0")
}

func newRealmWith(t *testing.T, rates string) *realm {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Redis, cfg.GRPC, cfg.Web = t.TempDir(), "none", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Rates, cfg.AllowTargets = rates, "127.0.0.1/32"
	a, err := app.New(t.Context(), cfg, app.Options{Log: quiet()})
	if err == nil {
		err = a.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	r := &realm{t: t, admin: bearer(t, a.AdminToken())}
	r.conn, err = grpc.NewClient("passthrough:///"+a.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	r.must(err)
	t.Cleanup(func() { r.conn.Close() })
	r.mine, _ = r.campaign("ours", "+1212555010")
	r.things, r.leads = r.campaign("theirs", "+1415555010")
	r.ours = r.mine["campaign"]
	admin := campaignpb.NewAdminServiceClient(r.conn)
	_, err = admin.CreateAgent(r.admin, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{Login: "shared", Campaigns: []*campaignpb.Membership{
		{CampaignId: r.ours}, {CampaignId: r.things["campaign"]},
	}}})
	r.must(err)
	return r
}

func (r *realm) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// campaign makes one that runs round the clock, with a list of three leads, an agent, and a call that left a promise.
func (r *realm) campaign(name, phones string) (things map[string]int64, leads []int64) {
	r.t.Helper()
	campaigns, lists, ctx := campaignpb.NewCampaignServiceClient(r.conn), campaignpb.NewListServiceClient(r.conn), r.admin
	every := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	made, err := campaigns.CreateCampaign(ctx, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{
		Name: name, Zone: "Etc/UTC", Region: "US", Rules: &campaignpb.Rules{Hours: []*campaignpb.Window{{Days: every, Open: "00:00", Close: "24:00"}}},
	}})
	r.must(err)
	id := made.GetCampaign().GetId()
	u, err := lists.BeginUpload(ctx, &campaignpb.BeginUploadRequest{CampaignId: id, FileName: name + ".csv", RequestId: name})
	r.must(err)
	var list strings.Builder
	list.WriteString("id,name,phone\n")
	for _, n := range []string{"1", "2", "3"} {
		list.WriteString(name + n + "," + name + " " + n + "," + phones + n + "\n")
	}
	up, err := lists.Upload(ctx)
	r.must(err)
	r.must(up.Send(&campaignpb.UploadRequest{UploadId: u.GetUpload().GetId(), Data: []byte(list.String())}))
	_, err = up.CloseAndRecv()
	r.must(err)
	_, err = lists.CommitUpload(ctx, &campaignpb.CommitUploadRequest{UploadId: u.GetUpload().GetId(), Size: int64(list.Len())})
	r.must(err)
	watch, err := lists.WatchImport(ctx, &campaignpb.WatchImportRequest{UploadId: u.GetUpload().GetId()})
	r.must(err)
	for err == nil {
		_, err = watch.Recv()
	}
	if !errors.Is(err, io.EOF) {
		r.t.Fatal(err)
	}
	found, err := campaignpb.NewLeadServiceClient(r.conn).FindLeads(ctx, &campaignpb.FindLeadsRequest{CampaignId: id})
	r.must(err)
	for _, l := range found.GetLeads() {
		leads = append(leads, l.GetId())
	}
	a, err := campaignpb.NewAdminServiceClient(r.conn).CreateAgent(ctx, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{
		Login: name + "-agent", Campaigns: []*campaignpb.Membership{{CampaignId: id}},
	}})
	r.must(err)
	_, err = campaigns.StartCampaign(ctx, &campaignpb.StartCampaignRequest{Id: id})
	r.must(err)
	things = map[string]int64{
		"campaign": id, "list": found.GetLeads()[0].GetListId(), "upload": u.GetUpload().GetId(), "lead": leads[0], "agent": a.GetAgent().GetId(),
	}
	r.call(name, things)
	return things, leads
}

// call leaves an assignment, a promise, a consent and a webhook.
func (r *realm) call(name string, things map[string]int64) {
	r.t.Helper()
	desk, leads := dialerpb.NewAgentServiceClient(r.conn), campaignpb.NewLeadServiceClient(r.conn)
	login := name + "-agent"
	card, err := desk.PickLead(r.admin, &dialerpb.PickLeadRequest{Agent: login, LeadId: things["lead"]})
	if err != nil {
		_, err = desk.SignIn(r.admin, &dialerpb.SignInRequest{Agent: login, Ready: true})
		r.must(err)
		card, err = desk.PickLead(r.admin, &dialerpb.PickLeadRequest{Agent: login, LeadId: things["lead"]})
	}
	r.must(err)
	things["assignment"] = card.GetCard().GetAssignmentId()
	_, err = desk.StartCall(r.admin, &dialerpb.StartCallRequest{Agent: login, AssignmentId: things["assignment"]})
	r.must(err)
	said, err := desk.RecordOutcome(r.admin, &dialerpb.RecordOutcomeRequest{
		Agent: login, AssignmentId: things["assignment"], Code: "APPOINTMENT", Note: name,
		Booking: &campaignpb.Booking{Local: time.Now().UTC().Add(48 * time.Hour).Format("2006-01-02T15:04"), Zone: "Etc/UTC"},
	})
	r.must(err)
	things["appointment"] = said.GetAppointment().GetId()
	consent, err := leads.RecordConsent(r.admin, &campaignpb.RecordConsentRequest{
		LeadId: things["lead"], Consent: &campaignpb.Consent{Scopes: []string{"hours"}, Proof: name},
	})
	r.must(err)
	things["consent"] = consent.GetConsent().GetId()
	hook, err := campaignpb.NewWebhookServiceClient(r.conn).CreateWebhook(r.admin, &campaignpb.CreateWebhookRequest{Webhook: &campaignpb.Webhook{
		Name: name, Url: "https://127.0.0.1:1/", CampaignIds: []int64{things["campaign"]},
	}})
	r.must(err)
	things["webhook"] = hook.GetWebhook().GetId()
	for what, id := range things {
		if id == 0 {
			r.t.Fatalf("%s has no %s", name, what)
		}
	}
}

// token makes one of a role that sees these campaigns, with every permission.
func (r *realm) token(role campaignpb.Role, campaigns ...int64) string {
	r.t.Helper()
	q := &campaignpb.CreateTokenRequest{Owner: "somebody", Role: role, CampaignIds: campaigns,
		Permissions: []campaignpb.Permission{campaignpb.Permission_PERMISSION_NUMBERS, campaignpb.Permission_PERMISSION_PRIVACY}}
	if role == campaignpb.Role_ROLE_AGENT {
		q.Owner = "ours-agent"
	}
	a, err := campaignpb.NewAdminServiceClient(r.conn).CreateToken(r.admin, q)
	r.must(err)
	return a.GetSecret()
}

// methods are all that the server itself says that it serves.
func (r *realm) methods() map[string]protoreflect.MethodDescriptor {
	r.t.Helper()
	stream, err := rpb.NewServerReflectionClient(r.conn).ServerReflectionInfo(r.admin)
	r.must(err)
	r.must(stream.Send(&rpb.ServerReflectionRequest{MessageRequest: &rpb.ServerReflectionRequest_ListServices{}}))
	answer, err := stream.Recv()
	r.must(err)
	r.must(stream.CloseSend())
	out := make(map[string]protoreflect.MethodDescriptor)
	for _, s := range answer.GetListServicesResponse().GetService() {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(s.GetName()))
		r.must(err)
		all := d.(protoreflect.ServiceDescriptor).Methods()
		for i := range all.Len() {
			out["/"+s.GetName()+"/"+string(all.Get(i).Name())] = all.Get(i)
		}
	}
	return out
}

// ask calls a method of whatever kind with one request, and hears at most some answers.
func (r *realm) ask(m protoreflect.MethodDescriptor, authorization string, request proto.Message) (answers []proto.Message, err error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	if authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	s, err := r.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/"+string(m.Parent().FullName())+"/"+string(m.Name()))
	if err != nil {
		return nil, err
	}
	if err := s.SendMsg(request); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := s.CloseSend(); err != nil {
		return nil, err
	}
	most := 50
	if strings.HasPrefix(string(m.Name()), "Watch") || m.Name() == "Work" {
		most = 1 // they go on
	}
	for range most {
		answer := dynamicpb.NewMessage(m.Output())
		if err := s.RecvMsg(answer); errors.Is(err, io.EOF) {
			return answers, nil
		} else if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}
