package app_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
	schedulerpb "redial/proto/scheduler/v1"
)

const nobodys = 99999999 // an id that nothing has

// idField is a field of a request that holds an id.
type idField struct {
	path []protoreflect.FieldDescriptor
	what string
}

func (f idField) String() string {
	var names []string
	for _, s := range f.path {
		names = append(names, string(s.Name()))
	}
	return strings.Join(names, ".")
}

// set writes an id into a request.
func (f idField) set(m protoreflect.Message, id int64) {
	for _, s := range f.path[:len(f.path)-1] {
		if s.IsList() {
			l := m.Mutable(s).List()
			if l.Len() == 0 {
				l.AppendMutable()
			}
			m = l.Get(0).Message()
		} else {
			m = m.Mutable(s).Message()
		}
	}
	last := f.path[len(f.path)-1]
	if last.IsList() {
		l := m.NewField(last).List()
		l.Append(protoreflect.ValueOfInt64(id))
		m.Set(last, protoreflect.ValueOfList(l))
	} else {
		m.Set(last, protoreflect.ValueOfInt64(id))
	}
}

// idFields are those of a request that hold ids of things, by their names and by the method's.
func idFields(m protoreflect.MethodDescriptor) (out []idField) {
	var walk func(d protoreflect.MessageDescriptor, path []protoreflect.FieldDescriptor)
	walk = func(d protoreflect.MessageDescriptor, path []protoreflect.FieldDescriptor) {
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			here, name := append(slices.Clone(path), f), string(f.Name())
			if f.Message() != nil && !f.IsMap() && len(path) < 5 {
				walk(f.Message(), here)
			}
			what := strings.TrimSuffix(strings.TrimSuffix(name, "_ids"), "_id")
			switch {
			case f.Kind() != protoreflect.Int64Kind:
				continue
			case name == "promises_to" || name == "owner_id":
				what = "agent"
			case name == "id":
				for _, thing := range []string{"Consent", "Webhook", "Campaign", "Agent", "Lead", "List"} {
					if strings.Contains(string(d.Name())+" "+string(m.Name()), thing) {
						what = strings.ToLower(thing)
						break
					}
				}
				if strings.HasSuffix(string(m.Parent().Name()), "ListService") {
					what = "list"
				} else if what == "id" {
					what = "lead" // RevealNumbers and the like
				}
			case what == name:
				continue
			}
			out = append(out, idField{here, what})
		}
	}
	walk(m.Input(), nil)
	return out
}

// lenient methods look at an id themselves, and may find something else wrong first, or answer for each item.
var lenient = regexp.MustCompile(`/(UpsertLeads|CreateAgent|UpdateWebhook|CreateWebhook|DeleteWebhook|ReplayDeliveries|UpdateLead|RecordConsent)$`)

var digits = regexp.MustCompile(`\d+`)

// TestI11IdsOfOtherCampaignsDoNotExist names what belongs to another campaign in every field of every request: the answer
// is that to an id that nothing has, and nothing changes.
func TestI11IdsOfOtherCampaignsDoNotExist(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	before := r.theirs()
	tried := 0
	for letter, role := range map[string]campaignpb.Role{
		"s": campaignpb.Role_ROLE_SUPERVISOR, "m": campaignpb.Role_ROLE_MANAGER, "c": campaignpb.Role_ROLE_CRM, "q": campaignpb.Role_ROLE_QUALITY,
	} {
		token := "Bearer " + r.token(role, r.ours)
		entries := r.entries()
		for name, m := range r.methods() {
			if !strings.Contains(mayCall()[name], letter) {
				continue
			}
			for _, f := range idFields(m) {
				id, ok := r.things[f.what]
				if !ok {
					t.Errorf("%s: no %s is known to try %s with", name, f.what, f)
					continue
				}
				_, theirs := r.ask(m, token, r.naming(m, f, id))
				_, none := r.ask(m, token, r.naming(m, f, nobodys))
				tried++
				if digits.ReplaceAllString(status.Convert(theirs).Message(), "N") != digits.ReplaceAllString(status.Convert(none).Message(), "N") || status.Code(theirs) != status.Code(none) {
					t.Errorf("%s tells %s's %s of others from nothing: %v, and %v", name, letter, f, theirs, none)
				}
				if code := status.Code(theirs); code != codes.NotFound && code != codes.PermissionDenied && !lenient.MatchString(name) {
					t.Errorf("%s by %s with %s = %d of others: %v, want NOT_FOUND", name, letter, f, id, theirs)
				}
			}
		}
		if n := r.entries(); n != entries {
			t.Errorf("%s: %d deeds were done", role, n-entries)
		}
	}
	if after := r.theirs(); after != before {
		t.Errorf("theirs was\n%s\nand is\n%s", before, after)
	}
	if tried < 150 {
		t.Errorf("%d ids tried: the fields are not found", tried)
	}
}

// naming is a request with one id, of the caller's campaign where another field asks for one.
func (r *realm) naming(m protoreflect.MethodDescriptor, f idField, id int64) proto.Message {
	q := dynamicpb.NewMessage(m.Input())
	for _, other := range idFields(m) {
		if len(other.path) == 1 && len(f.path) == 1 && other.what == "campaign" && other.path[0] != f.path[0] {
			other.set(q, r.ours)
		}
	}
	f.set(q, id)
	return q
}

// entries is how many deeds the audit log has.
func (r *realm) entries() int64 {
	a, err := campaignpb.NewAdminServiceClient(r.conn).ListAuditLog(r.admin, &campaignpb.ListAuditLogRequest{PageSize: 1})
	r.must(err)
	return a.GetEntries()[0].GetSeq()
}

// theirs is what there is of the other campaign, as an admin sees it.
func (r *realm) theirs() string {
	var out strings.Builder
	put := func(m proto.Message, err error) {
		r.must(err)
		out.WriteString(prototext.MarshalOptions{Multiline: false}.Format(m) + "\n")
	}
	leads, id := campaignpb.NewLeadServiceClient(r.conn), r.things["campaign"]
	for _, l := range r.leads {
		got, err := leads.GetLead(r.admin, &campaignpb.GetLeadRequest{Id: l})
		put(got.GetLead(), err)
		for _, p := range got.GetAppointments() {
			put(p, nil)
		}
	}
	c, err := campaignpb.NewCampaignServiceClient(r.conn).GetCampaign(r.admin, &campaignpb.GetCampaignRequest{Id: id})
	put(c.GetCampaign(), err)
	put(campaignpb.NewListServiceClient(r.conn).GetList(r.admin, &campaignpb.GetListRequest{Id: r.things["list"]}))
	put(campaignpb.NewAdminServiceClient(r.conn).ListAgents(r.admin, &campaignpb.ListAgentsRequest{Inactive: true}))
	put(leads.ListConsents(r.admin, &campaignpb.ListConsentsRequest{LeadId: r.things["lead"]}))
	w, err := campaignpb.NewWebhookServiceClient(r.conn).GetWebhook(r.admin, &campaignpb.GetWebhookRequest{Id: r.things["webhook"]})
	r.must(err)
	fmt.Fprintln(&out, w.GetWebhook().GetVersion(), w.GetWebhook().GetUrl(), w.GetWebhook().GetOn())
	return out.String()
}

// TestI11AnswersAreOfTheCallersCampaignsAlone calls every method with nothing, and with what is ours: nowhere is anything
// of theirs, for whatever is has that in its name.
func TestI11AnswersAreOfTheCallersCampaignsAlone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	change := regexp.MustCompile(`/(Finish|Pause|Undo|Withdraw|Delete|Switch|Discard|Rotate|Erase|Revoke|Cancel|Resolve|Import|Upsert|Work)`)
	heard := 0
	for letter, role := range map[string]campaignpb.Role{
		"s": campaignpb.Role_ROLE_SUPERVISOR, "m": campaignpb.Role_ROLE_MANAGER, "c": campaignpb.Role_ROLE_CRM, "q": campaignpb.Role_ROLE_QUALITY,
	} {
		token := "Bearer " + r.token(role, r.ours)
		for name, m := range r.methods() {
			if !strings.Contains(mayCall()[name], letter) || change.MatchString(name) || strings.HasPrefix(name, "/grpc") {
				continue
			}
			for _, q := range r.harmless(m) {
				answers, err := r.ask(m, token, q)
				if status.Code(err) == codes.DeadlineExceeded || status.Code(err) == codes.Internal {
					t.Errorf("%s by %s with {%v}: %v", name, letter, q, err)
				}
				for _, a := range answers {
					heard++
					if text := prototext.Format(a); strings.Contains(strings.ToLower(text), "theirs") {
						t.Errorf("%s tells %s with {%v} of theirs: %s", name, letter, q, text)
					}
				}
			}
		}
	}
	if heard < 100 {
		t.Errorf("%d answers heard: hardly anything was asked", heard)
	}
}

// harmless are requests with nothing, with what is ours, and with filters that many things meet.
func (r *realm) harmless(m protoreflect.MethodDescriptor) []proto.Message {
	empty, ours := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Input())
	for _, f := range idFields(m) {
		if len(f.path) == 1 {
			f.set(ours, r.mine[f.what])
		}
	}
	all := []proto.Message{empty, ours}
	if m.Name() == "FindLeads" {
		all = append(all, &campaignpb.FindLeadsRequest{State: campaignpb.LeadState_LEAD_STATE_OPEN}, &campaignpb.FindLeadsRequest{Name: "i"},
			&campaignpb.FindLeadsRequest{Number: "+14155550101"}, &campaignpb.FindLeadsRequest{ExternalId: "theirs1"})
	}
	if q := m.Input().Fields().ByName("query"); q != nil {
		for kind := range int32(6) {
			one := dynamicpb.NewMessage(m.Input())
			one.Mutable(q).Message().Set(q.Message().Fields().ByName("kind"), protoreflect.ValueOfEnum(protoreflect.EnumNumber(kind)))
			all = append(all, one)
		}
	}
	return all
}

// TestI11NamesOfOtherCampaignsDoNotExist asks by name, login and number where a request takes them.
func TestI11NamesOfOtherCampaignsDoNotExist(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	manager, supervisor := showing(t.Context(), r.token(campaignpb.Role_ROLE_MANAGER, r.ours)), showing(t.Context(), r.token(campaignpb.Role_ROLE_SUPERVISOR, r.ours))
	admin, floor := campaignpb.NewAdminServiceClient(r.conn), dialerpb.NewFloorServiceClient(r.conn)
	for what, ask := range map[string]func(name string) error{
		"GetCampaign": func(name string) error {
			_, err := campaignpb.NewCampaignServiceClient(r.conn).GetCampaign(manager, &campaignpb.GetCampaignRequest{Name: name})
			return err
		},
		"GetAgent": func(name string) error {
			_, err := admin.GetAgent(manager, &campaignpb.GetAgentRequest{Login: name + "-agent"})
			return err
		},
		"SetAgentState": func(name string) error {
			_, err := floor.SetAgentState(supervisor, &dialerpb.SetAgentStateRequest{Agent: name + "-agent", State: campaignpb.AgentState_AGENT_STATE_BREAK, Reason: "x"})
			return err
		},
		"Reassign": func(name string) error {
			_, err := floor.Reassign(supervisor, &dialerpb.ReassignRequest{AppointmentId: r.mine["appointment"], Owner: name + "-agent", Reason: "x"})
			return err
		},
		"ExplainLead": func(name string) error {
			number := map[string]string{"theirs": "+14155550101", "nobody": "+14155550199"}[name]
			_, err := schedulerpb.NewScheduleServiceClient(r.conn).ExplainLead(manager, &schedulerpb.ExplainLeadRequest{Number: number})
			return err
		},
	} {
		theirs, none := ask("theirs"), ask("nobody")
		as := strings.NewReplacer("theirs", "X", "nobody", "X", "+14155550101", "X", "+14155550199", "X").Replace
		if status.Code(theirs) != codes.NotFound || as(status.Convert(theirs).Message()) != as(status.Convert(none).Message()) {
			t.Errorf("%s: %v, and of what is not there: %v", what, theirs, none)
		}
	}
}

// TestI11WhatBindsEverybodyIsNotForTheFew is refused in words, and shared agents stay shared.
func TestI11WhatBindsEverybodyIsNotForTheFew(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	manager := showing(t.Context(), r.token(campaignpb.Role_ROLE_MANAGER, r.ours))
	admin, dnc := campaignpb.NewAdminServiceClient(r.conn), campaignpb.NewSuppressionServiceClient(r.conn)
	for what, ask := range map[string]func() error{
		"CreateCampaign": func() error {
			_, err := campaignpb.NewCampaignServiceClient(r.conn).CreateCampaign(manager, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{Name: "x", Zone: "Etc/UTC"}})
			return err
		},
		"PutCalendar": func() error {
			_, err := admin.PutCalendar(manager, &campaignpb.PutCalendarRequest{Calendar: &campaignpb.Calendar{Name: "x"}})
			return err
		},
		"DeleteCalendar": func() error {
			_, err := admin.DeleteCalendar(manager, &campaignpb.DeleteCalendarRequest{Name: "x"})
			return err
		},
		"Lift": func() error {
			_, err := dnc.Lift(manager, &campaignpb.LiftRequest{Phone: "+14155550101", Reason: "x"})
			return err
		},
		"Lift of a country": func() error {
			_, err := dnc.Lift(manager, &campaignpb.LiftRequest{Phone: "+14155550101", Reason: "x", Scope: campaignpb.SuppressionScope_SUPPRESSION_SCOPE_COUNTRY, Country: "US", CampaignId: r.ours})
			return err
		},
	} {
		if err := ask(); status.Code(err) != codes.PermissionDenied || reasonOf(err) != "BINDS_ALL" {
			t.Errorf("%s: %v (%s)", what, err, reasonOf(err))
		}
	}
	if _, err := dnc.Suppress(manager, &campaignpb.SuppressRequest{Phone: "+14155550199"}); err != nil {
		t.Errorf("a person's word is obeyed whoever passes it on: %v", err)
	}
	r.sharedAgent(manager)
}

// sharedAgent works on both campaigns, whatever a manager of one does.
func (r *realm) sharedAgent(manager context.Context) {
	r.t.Helper()
	admin := campaignpb.NewAdminServiceClient(r.conn)
	seen, err := admin.GetAgent(manager, &campaignpb.GetAgentRequest{Login: "shared"})
	r.must(err)
	if n := len(seen.GetAgent().GetCampaigns()); n != 1 {
		r.t.Errorf("the manager sees %d of its campaigns, want its own alone", n)
	}
	change := func(a *campaignpb.Agent, fields ...string) error {
		a.Id, a.Version = seen.GetAgent().GetId(), seen.GetAgent().GetVersion()
		_, err := admin.UpdateAgent(manager, &campaignpb.UpdateAgentRequest{Agent: a, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}})
		return err
	}
	for _, field := range []string{"active", "name", "skills"} {
		if err := change(&campaignpb.Agent{Name: "x"}, field); status.Code(err) != codes.PermissionDenied {
			r.t.Errorf("its %s was changed by one of its managers: %v", field, err)
		}
	}
	r.must(change(&campaignpb.Agent{}, "campaigns")) // it no longer works on ours
	now, err := admin.GetAgent(r.admin, &campaignpb.GetAgentRequest{Login: "shared"})
	r.must(err)
	if c := now.GetAgent().GetCampaigns(); len(c) != 1 || c[0].GetCampaignId() != r.things["campaign"] {
		r.t.Errorf("it works on %v, want theirs alone", c)
	}
	if _, err := admin.GetAgent(manager, &campaignpb.GetAgentRequest{Id: seen.GetAgent().GetId()}); status.Code(err) != codes.NotFound {
		r.t.Errorf("who works on nothing of the manager's is still seen: %v", err)
	}
	if _, err := admin.CreateAgent(manager, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{Login: "new"}}); status.Code(err) != codes.InvalidArgument {
		r.t.Errorf("an agent of no campaign was added: %v", err)
	}
}

// TestI11PageTokensThatAreTamperedWith open nothing: each byte is changed, and tokens of others are shown.
func TestI11PageTokensThatAreTamperedWith(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	paged := 0
	tokens := map[string]string{"s": r.token(campaignpb.Role_ROLE_SUPERVISOR, r.ours), "m": r.token(campaignpb.Role_ROLE_MANAGER, r.ours)}
	everything := "Bearer " + r.token(campaignpb.Role_ROLE_ADMIN)
	for name, m := range r.methods() {
		letter := map[bool]string{true: "m", false: "s"}[strings.Contains(mayCall()[name], "m")]
		field, size := m.Input().Fields().ByName("page_token"), m.Input().Fields().ByName("page_size")
		if field == nil || !strings.Contains(mayCall()[name], letter) {
			continue
		}
		for _, q := range r.harmless(m) {
			ask := func(authorization, token string) ([]proto.Message, error) {
				one := dynamicpb.NewMessage(m.Input())
				proto.Merge(one, dynamicOf(m, q))
				one.Set(size, protoreflect.ValueOfInt32(1))
				one.Set(field, protoreflect.ValueOfString(token))
				return r.ask(m, authorization, one)
			}
			for _, who := range []string{"Bearer " + tokens[letter], everything} {
				answers, err := ask(who, "")
				if err != nil || len(answers) == 0 {
					continue
				}
				next := answers[0].ProtoReflect().Get(m.Output().Fields().ByName("next_page_token")).String()
				if next == "" {
					continue
				}
				paged++
				for _, bad := range tampered(next) {
					answers, err := ask("Bearer "+tokens[letter], bad)
					if err != nil && status.Code(err) != codes.InvalidArgument {
						t.Errorf("%s with page token %q: %v", name, bad, err)
					}
					for _, a := range answers {
						if text := prototext.Format(a); strings.Contains(strings.ToLower(text), "theirs") {
							t.Errorf("%s with page token %q tells of theirs: %s", name, bad, text)
						}
					}
				}
			}
		}
	}
	if paged < 5 {
		t.Errorf("%d pages had a next one", paged)
	}
}

// dynamicOf is a request as a message of the method's own kind.
func dynamicOf(m protoreflect.MethodDescriptor, q proto.Message) proto.Message {
	out := dynamicpb.NewMessage(m.Input())
	raw, err := proto.Marshal(q)
	if err == nil {
		err = proto.Unmarshal(raw, out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

// tampered are a token itself and all that differ from it in a byte, are cut short or go on.
func tampered(token string) []string {
	out := []string{token, token + "A", token[:len(token)-1], "-1", "99999999999999999999", "\x00"}
	for i := range len(token) {
		for _, c := range []byte{'A', '0', '-', '9'} {
			if b := []byte(token); b[i] != c {
				b[i] = c
				out = append(out, string(b))
			}
		}
	}
	return out
}
