package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// The people of the day, by what comes of calling them. The bubble's clock begins on Saturday 2000-01-01 at midnight
// UTC; the second is a holiday.
const dayList = `id,name,zone,phone,phone 2
NEVER1,Never One,Etc/UTC,+12125550101,
NEVER2,Never Two,Etc/UTC,+12125550102,
KEPT,Promise Kept,Etc/UTC,+12125550103,
MISSED,Promise Missed,Etc/UTC,+12125550104,
WRONG,Wrong Person,Etc/UTC,+12125550105,+12125550106
VACANT,Vacant Number,Etc/UTC,+12125550107,
STOP,Do Not Call,Etc/UTC,+12125550108,
SOLD,Sold At Once,Etc/UTC,+12125550109,
`

// Two who come later, and are in hands when the server dies.
const lateList = `id,name,zone,phone
OFFERED,Offered When It Died,Etc/UTC,+12125550110
DIALLED,Dialled When It Died,Etc/UTC,+12125550111
`

// TestAWorkingDay drives the wired program through a day in fake time: retries after four hours, three a day, the
// roll-over past a holiday, a promise kept to the millisecond, one missed and planned again, a crash with a lead on
// the card and one on the line, and the audit clean at the end.
func TestAWorkingDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDay(t)
		t.Cleanup(d.stop)
		d.sleepTo("2000-01-01T08:45:00Z")
		d.start()
		id := d.campaign()
		d.load(id, "people.csv", dayList)
		d.agents(id, "ann", "bob")
		d.must(campaignpb.NewCampaignServiceClient(d.conn).StartCampaign(d.ctx, &campaignpb.StartCampaignRequest{Id: id}))

		d.sleepTo("2000-01-01T08:59:00Z")
		if card := d.next("ann", 30*time.Second); card != nil {
			t.Fatalf("%s was offered before nine", card.GetName())
		}
		card := d.next("ann", time.Minute)
		if card == nil || !d.now().Equal(at("2000-01-01T09:00:00Z")) {
			t.Fatalf("nobody was offered at nine o'clock but %v at %v", card, d.now())
		}
		d.play("ann", card)
		d.workUntil("2000-01-01T09:10:00Z", "ann", "bob")
		d.sleepTo("2000-01-01T10:29:30Z")

		d.keepThePromise()
		d.missThePromise()
		for _, hour := range []string{"12", "13"} {
			d.sleepTo("2000-01-01T" + hour + ":00:00Z")
			d.workUntil("2000-01-01T"+hour+":10:00Z", "ann", "bob")
		}
		d.dieInTheMiddle(id)
		d.workUntil("2000-01-01T13:20:00Z", "ann", "bob")
		for _, hour := range []string{"15", "17", "20"} {
			d.sleepTo("2000-01-01T" + hour + ":00:00Z")
			d.workUntil("2000-01-01T"+hour+":20:00Z", "ann", "bob")
		}
		d.closeForTheNight("2000-01-03T08:59:30Z")
		d.workUntil("2000-01-03T09:05:00Z", "ann", "bob")

		d.check()
	})
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// day is one server, its people and what was seen.
type day struct {
	t     *testing.T
	dir   string
	app   *app.App
	conn  *grpc.ClientConn
	ctx   context.Context // with the admin's token
	calls []call
}

type call struct {
	id, reason string
	at         time.Time
}

func newDay(t *testing.T) *day { return &day{t: t, dir: t.TempDir()} }

func (d *day) now() time.Time { return time.Now().UTC() }

func (d *day) sleepTo(s string) { d.sleep(time.Until(at(s))) }

func (d *day) sleep(t time.Duration) { time.Sleep(t) } //nolint:forbidigo // fake time: the bubble moves on by so much

// start starts the program on its folder, as a process would.
func (d *day) start() {
	d.t.Helper()
	cfg := config.Default()
	cfg.Data = filepath.Join(d.dir, "data")
	listeners := make(chan *bufconn.Listener, 2)
	a, err := app.New(context.Background(), cfg, app.Options{
		Log:  quiet(),
		Pace: app.Pace{Tasks: 20 * time.Second, Sequence: time.Minute, Sweep: 15 * time.Second, Watch: 15 * time.Second, Intake: time.Minute, Hear: time.Minute},
		Listen: func(string, string) (net.Listener, error) {
			l := bufconn.Listen(1 << 16)
			listeners <- l
			return l, nil
		},
	})
	if err == nil {
		err = a.Start(context.Background())
	}
	if err != nil {
		d.t.Fatal(err)
	}
	api := <-listeners
	<-listeners
	d.conn, err = grpc.NewClient("passthrough:///day", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return api.DialContext(ctx) }))
	if err != nil {
		d.t.Fatal(err)
	}
	secret, err := os.ReadFile(a.AdminToken())
	if err != nil {
		d.t.Fatal(err)
	}
	d.app = a
	d.ctx = metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+strings.TrimSpace(string(secret)))
}

// stop ends the program; said twice it changes nothing.
func (d *day) stop() {
	d.t.Helper()
	if d.app == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d.conn.Close()
	err := d.app.Stop(ctx)
	d.app = nil
	if err != nil {
		d.t.Error(err)
	}
	synctest.Wait()
}

// crash goes on from what the disk holds at this instant, the write-ahead log included: whatever the program does
// afterwards to end in order is thrown away.
func (d *day) crash() {
	d.t.Helper()
	after := filepath.Join(d.dir, "after")
	d.must(nil, os.CopyFS(after, os.DirFS(filepath.Join(d.dir, "data"))))
	d.stop()
	d.must(nil, os.RemoveAll(filepath.Join(d.dir, "data")))
	d.must(nil, os.Rename(after, filepath.Join(d.dir, "data")))
}

func (d *day) must(_ any, err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *day) campaign() int64 {
	d.t.Helper()
	c, err := campaignpb.NewCampaignServiceClient(d.conn).CreateCampaign(d.ctx, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{
		Name: "day", Zone: "Etc/UTC", Rules: &campaignpb.Rules{Holidays: []string{"2000-01-02"}},
	}})
	d.must(c, err)
	return c.GetCampaign().GetId()
}

func (d *day) load(id int64, name, text string) {
	d.t.Helper()
	lists := campaignpb.NewListServiceClient(d.conn)
	u, err := lists.BeginUpload(d.ctx, &campaignpb.BeginUploadRequest{CampaignId: id, FileName: name, RequestId: name})
	d.must(u, err)
	up, err := lists.Upload(d.ctx)
	d.must(up, err)
	d.must(nil, up.Send(&campaignpb.UploadRequest{UploadId: u.GetUpload().GetId(), Data: []byte(text)}))
	d.must(up.CloseAndRecv())
	d.must(lists.CommitUpload(d.ctx, &campaignpb.CommitUploadRequest{UploadId: u.GetUpload().GetId(), Size: int64(len(text))}))
	watch, err := lists.WatchImport(d.ctx, &campaignpb.WatchImportRequest{UploadId: u.GetUpload().GetId()})
	d.must(watch, err)
	for {
		m, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		d.must(m, err)
		if f := m.GetUpload().GetFailure(); f != "" {
			d.t.Fatal(f)
		}
	}
}

func (d *day) agents(id int64, logins ...string) {
	d.t.Helper()
	for _, l := range logins {
		d.must(campaignpb.NewAdminServiceClient(d.conn).CreateAgent(d.ctx, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{
			Login: l, Active: true, Campaigns: []*campaignpb.Membership{{CampaignId: id, Weight: 1}},
		}}))
	}
}

func (d *day) desk() dialerpb.AgentServiceClient { return dialerpb.NewAgentServiceClient(d.conn) }

func (d *day) next(agent string, wait time.Duration) *dialerpb.Card {
	d.t.Helper()
	r, err := d.desk().NextCall(d.ctx, &dialerpb.NextCallRequest{Agent: agent, Wait: durationpb.New(min(wait, time.Minute))})
	d.must(r, err)
	return r.GetCard()
}

// external is the id of the list that a lead came with.
func (d *day) external(lead int64) string {
	d.t.Helper()
	l, err := campaignpb.NewLeadServiceClient(d.conn).GetLead(d.ctx, &campaignpb.GetLeadRequest{Id: lead})
	d.must(l, err)
	return l.GetLead().GetExternalId()
}

func (d *day) dial(agent string, card *dialerpb.Card) (id, number string) {
	d.t.Helper()
	s, err := d.desk().StartCall(d.ctx, &dialerpb.StartCallRequest{Agent: agent, AssignmentId: card.GetAssignmentId()})
	d.must(s, err)
	id = d.external(card.GetLeadId())
	d.calls = append(d.calls, call{id, card.GetReason(), s.GetPlacedAt().AsTime()})
	return id, s.GetNumber()
}

// play makes a call: half a minute, and the outcome that the lead stands for.
func (d *day) play(agent string, card *dialerpb.Card) {
	d.t.Helper()
	id, number := d.dial(agent, card)
	d.sleep(30 * time.Second)
	r := &dialerpb.RecordOutcomeRequest{Agent: agent, AssignmentId: card.GetAssignmentId(), Code: "SUCCESS"}
	first := len(card.GetHistory()) == 0
	switch {
	case strings.HasPrefix(id, "NEVER"), id == "DIALLED", id == "OFFERED":
		r.Code = "NO_ANSWER"
	case id == "KEPT" && first:
		r.Code, r.Booking = "APPOINTMENT", &campaignpb.Booking{Local: "2000-01-01T10:30", Zone: "Etc/UTC"}
	case id == "MISSED" && first:
		r.Code, r.Booking = "APPOINTMENT", &campaignpb.Booking{Local: "2000-01-01T11:00", Zone: "Etc/UTC"}
	case id == "WRONG" && number == "+12125550105":
		r.Code = "WRONG_PERSON"
	case id == "VACANT":
		r.Code = "VACANT_NUMBER"
	case id == "STOP":
		r.Code = "DO_NOT_CALL"
	}
	d.must(d.desk().RecordOutcome(d.ctx, r))
}

// workUntil lets agents take whatever is offered, in turn.
func (d *day) workUntil(s string, agents ...string) {
	d.t.Helper()
	end := at(s)
	for d.now().Before(end) {
		for _, agent := range agents {
			wait := time.Minute / time.Duration(len(agents))
			if left := end.Sub(d.now()); left < wait {
				wait = left
			}
			if wait <= 0 {
				return
			}
			if card := d.next(agent, wait); card != nil {
				d.play(agent, card)
			}
		}
	}
}

// keepThePromise waits for the promise of half past ten, at the desk of the agent who made it.
func (d *day) keepThePromise() {
	d.t.Helper()
	owner := d.owner("KEPT")
	card := d.next(owner, time.Minute)
	if card == nil || card.GetReason() != "appointment" {
		d.t.Fatalf("%s was offered %v instead of the promise", owner, card)
	}
	if late := card.GetOfferedAt().AsTime().Sub(at("2000-01-01T10:30:00Z")); late < 0 || late > time.Millisecond {
		d.t.Errorf("the promise came %v after its time", late)
	}
	d.play(owner, card)
}

func (d *day) owner(id string) string {
	d.t.Helper()
	for _, agent := range []string{"ann", "bob"} {
		r, err := d.desk().ListCallbacks(d.ctx, &dialerpb.ListCallbacksRequest{Agent: agent})
		d.must(r, err)
		for _, c := range r.GetCallbacks() {
			if d.external(c.GetLeadId()) == id {
				return agent
			}
		}
	}
	d.t.Fatalf("nobody promised %s a call", id)
	return ""
}

// missThePromise has everybody away from before the promise of eleven until its grace is over.
func (d *day) missThePromise() {
	d.t.Helper()
	for _, agent := range []string{"ann", "bob"} {
		d.must(d.desk().SignOut(d.ctx, &dialerpb.SignOutRequest{Agent: agent}))
	}
	d.sleepTo("2000-01-01T11:16:00Z")
	r, err := dialerpb.NewFloorServiceClient(d.conn).ListMissed(d.ctx, &dialerpb.ListMissedRequest{})
	d.must(r, err)
	if len(r.GetMissed()) != 1 || d.external(r.GetMissed()[0].GetAppointment().GetLeadId()) != "MISSED" {
		d.t.Fatalf("missed promises: %v", r.GetMissed())
	}
	if p := r.GetMissed()[0].GetPlan(); p.GetVerdict() != campaignpb.Verdict_VERDICT_CALL {
		d.t.Errorf("the lead of a missed promise is planned %v", p)
	}
}

// dieInTheMiddle kills the server with a lead on ann's card and one on bob's line, and starts it again.
func (d *day) dieInTheMiddle(id int64) {
	d.t.Helper()
	d.load(id, "late.csv", lateList)
	offered, dialled := d.next("ann", time.Minute), d.next("bob", time.Minute)
	if offered == nil || dialled == nil {
		d.t.Fatal("the late list was not offered")
	}
	if got := d.external(offered.GetLeadId()); got != "OFFERED" {
		d.t.Fatalf("ann holds %s", got)
	}
	d.dial("bob", dialled)
	d.crash()
	d.sleep(3 * time.Minute)
	d.start()
	d.sleep(time.Minute)
	l, err := campaignpb.NewLeadServiceClient(d.conn).GetLead(d.ctx, &campaignpb.GetLeadRequest{Id: dialled.GetLeadId()})
	d.must(l, err)
	if n := len(l.GetAttempts()); n != 1 || l.GetAttempts()[0].GetOutcome() != campaignpb.Outcome_OUTCOME_UNKNOWN {
		d.t.Errorf("the call that was on the line when the server died is %v", l.GetAttempts())
	}
}

func (d *day) closeForTheNight(until string) {
	d.t.Helper()
	d.stop()
	d.sleepTo(until)
	d.start()
}

// check holds the day's calls against the rule, and the ledger against the invariants.
func (d *day) check() {
	d.t.Helper()
	want := map[string][]string{
		"NEVER1":  {"01 09:00", "01 13:00", "01 17:00", "03 09:0"},
		"NEVER2":  {"01 09:00", "01 13:00", "01 17:00", "03 09:0"},
		"KEPT":    {"01 09:0", "01 10:30"},
		"MISSED":  {"01 09:0", "01 13:0"},
		"WRONG":   {"01 09:0", "01 09:0"},
		"VACANT":  {"01 09:0"},
		"STOP":    {"01 09:0"},
		"SOLD":    {"01 09:0"},
		"DIALLED": {"01 13:1", "01 17:1", "03 09:0"},
		"OFFERED": {"01 13:1", "01 17:1", "03 09:0"},
	}
	for id, times := range want {
		var got []string
		for _, c := range d.calls {
			if c.id == id {
				got = append(got, c.at.Format("02 15:04"))
			}
		}
		if !slices.EqualFunc(got, times, strings.HasPrefix) {
			d.t.Errorf("%s was called at %v, want %v", id, got, times)
		}
	}
	d.spaced()
	d.audit()
	d.stop()
}

// spaced checks that a lead that was not reached was called again no sooner than four hours later.
func (d *day) spaced() {
	last := make(map[string]time.Time)
	for _, c := range d.calls {
		if gap := c.at.Sub(last[c.id]); strings.HasPrefix(c.id, "NEVER") && gap < 4*time.Hour {
			d.t.Errorf("%s was called again after %v", c.id, gap)
		}
		last[c.id] = c.at
	}
}

func (d *day) audit() {
	d.t.Helper()
	stream, err := campaignpb.NewAdminServiceClient(d.conn).Audit(d.ctx, &campaignpb.AuditRequest{})
	d.must(stream, err)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		d.must(m, err)
		if b := m.GetBreach(); b != nil {
			d.t.Error(fmt.Sprint(b))
		}
	}
}
