// Package demo fills a server with invented people and lets simulated agents call them at a pace that can be watched.
// It is a client like any other: everything it does goes over the API, with tokens of its own. It decides nothing
// about real campaigns, and its numbers are from ranges that are reserved for examples.
package demo

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

//go:embed people.csv
var people []byte

//go:embed welcome.csv
var guests []byte

// Campaign is the name of the demonstration's campaign, Welcome that of the small one which is the newcomer's alone, so
// that there is always somebody to call, and You the login of the agent it keeps for the newcomer.
const (
	Campaign = "demo"
	Welcome  = "welcome calls"
	You      = "you"
)

// colleagues are the simulated agents.
var colleagues = []struct{ login, name string }{
	{"ines", "Inès"}, {"jonas", "Jonas"}, {"mei", "Mei 梅"}, {"priya", "Priya"}, {"tom", "Tom"},
}

// Demo is a demonstration on one server.
type Demo struct {
	conn  *grpc.ClientConn
	admin string
	dir   string
	speed float64
	log   *slog.Logger

	tokens map[string]string // of the simulated agents
	you    string            // the file that holds the newcomer's token
}

// Options of New. The zero value is useful.
type Options struct {
	Speed float64      // how many times faster than life calls go; 0: 12
	Log   *slog.Logger // nil: discarded
}

// New is a demonstration on the server at an address, with an admin's token. The newcomer's own token is written to a
// file in dir. Close it when done.
func New(addr, adminToken, dir string, o Options) (*Demo, error) {
	conn, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("demonstration: %w", err)
	}
	d := &Demo{conn: conn, admin: adminToken, dir: dir, speed: o.Speed, log: o.Log, tokens: make(map[string]string)}
	if d.speed <= 0 {
		d.speed = 12
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d, nil
}

// Close ends the connection.
func (d *Demo) Close() error { return d.conn.Close() }

func (d *Demo) as(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// Prepare makes the campaigns with their lists and agents, once; a server that has them already goes on with them.
func (d *Demo) Prepare(ctx context.Context) error {
	ctx = d.as(ctx, d.admin)
	id, _, err := d.filled(ctx, Campaign, "invented people", people)
	if err != nil {
		return err
	}
	welcome, made, err := d.filled(ctx, Welcome, "new customers", guests)
	if err != nil {
		return err
	}
	for _, c := range colleagues {
		if d.tokens[c.login], err = d.agent(ctx, c.login, c.name, id); err != nil {
			return err
		}
	}
	mine, err := d.agent(ctx, You, "You", welcome, id)
	if err != nil {
		return err
	}
	d.you = filepath.Join(d.dir, You+".token")
	if err := os.WriteFile(d.you, []byte(mine+"\n"), 0o600); err != nil {
		return fmt.Errorf("keep your token: %w", err)
	}
	for _, id := range []int64{id, welcome} {
		_, err = campaignpb.NewCampaignServiceClient(d.conn).StartCampaign(ctx, &campaignpb.StartCampaignRequest{Id: id})
		if err != nil && status.Code(err) != codes.FailedPrecondition { // it runs already, or somebody finished it
			return err
		}
	}
	if made {
		return d.promise(ctx, welcome)
	}
	return nil
}

// filled is a campaign with its list.
func (d *Demo) filled(ctx context.Context, name, list string, people []byte) (id int64, made bool, err error) {
	if id, made, err = d.campaign(ctx, name); err == nil && made {
		err = d.load(ctx, id, list, people)
	}
	return id, made, err
}

// promise books the newcomer's first appointments: two soon, one that comes up while somebody looks around. One that
// nobody keeps is missed, and is shown as such.
func (d *Demo) promise(ctx context.Context, id int64) error {
	found, err := campaignpb.NewLeadServiceClient(d.conn).FindLeads(ctx, &campaignpb.FindLeadsRequest{CampaignId: id, PageSize: 3})
	if err != nil {
		return err
	}
	for i, l := range found.GetLeads() {
		at := time.Now().Add(time.Duration(3+3*i) * time.Minute)
		_, err := dialerpb.NewAgentServiceClient(d.conn).BookAppointment(ctx, &dialerpb.BookAppointmentRequest{
			Agent: You, LeadId: l.GetId(), Booking: bookingAt(at, l.GetZones()),
		})
		if err != nil {
			return fmt.Errorf("promise a call: %w", err)
		}
	}
	return nil
}

const script = `Hello, is that {{name}}? My name is {{agent}}, I am calling for Example Telecom.
You have {{Current plan}} with us in {{City}}. May I tell you what has changed?`

// campaign makes the campaign. In the demonstration four hours are four minutes, and nobody sleeps.
func (d *Demo) campaign(ctx context.Context, name string) (id int64, made bool, err error) {
	c := campaignpb.NewCampaignServiceClient(d.conn)
	got, err := c.GetCampaign(ctx, &campaignpb.GetCampaignRequest{Name: name})
	if err == nil {
		return got.GetCampaign().GetId(), false, nil
	}
	if status.Code(err) != codes.NotFound {
		return 0, false, err
	}
	perDay := int32(40)
	all := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	minutes := func(n int64) *durationpb.Duration { return &durationpb.Duration{Seconds: 60 * n} }
	new, err := c.CreateCampaign(ctx, &campaignpb.CreateCampaignRequest{Campaign: &campaignpb.Campaign{
		Name: name, Zone: "Europe/London", Script: script,
		Rules: &campaignpb.Rules{
			Interval: minutes(4), MaxPerDay: &perDay, NetworkRetry: minutes(1),
			Intervals: []*campaignpb.OutcomeInterval{{Outcome: campaignpb.Outcome_OUTCOME_BUSY, Interval: minutes(1)}},
			Hours:     []*campaignpb.Window{{Days: all, Open: "00:00", Close: "24:00"}},
		},
		Floor: &campaignpb.FloorSettings{
			OfferTime: minutes(3), Lease: minutes(15), RemindBefore: minutes(1), OwnerWait: minutes(1), FreshShare: 0.3,
			WrapUp: &durationpb.Duration{Seconds: 20},
		},
		Codes: []*campaignpb.OutcomeCode{
			{Code: "SOLD", Label: "bought the new plan", Outcome: campaignpb.Outcome_OUTCOME_SUCCESS},
			{Code: "CONTENT", Label: "keeps the old plan", Outcome: campaignpb.Outcome_OUTCOME_REFUSED},
		},
	}})
	return new.GetCampaign().GetId(), true, err
}

// load takes the people in, as a manager would.
func (d *Demo) load(ctx context.Context, id int64, list string, people []byte) error {
	c := campaignpb.NewListServiceClient(d.conn)
	begun, err := c.BeginUpload(ctx, &campaignpb.BeginUploadRequest{
		CampaignId: id, FileName: list + ".csv", RequestId: fmt.Sprintf("redial-demo-%d-", id) + time.Now().UTC().Format("20060102150405"),
		Options: &campaignpb.ImportOptions{ListName: list},
	})
	if err != nil {
		return err
	}
	up, err := c.Upload(ctx)
	if err != nil {
		return err
	}
	upload := begun.GetUpload().GetId()
	if err := up.Send(&campaignpb.UploadRequest{UploadId: upload, Data: people}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := up.CloseAndRecv(); err != nil {
		return err
	}
	if _, err := c.CommitUpload(ctx, &campaignpb.CommitUploadRequest{UploadId: upload, Size: int64(len(people))}); err != nil {
		return err
	}
	watch, err := c.WatchImport(ctx, &campaignpb.WatchImportRequest{UploadId: upload})
	if err != nil {
		return err
	}
	for {
		m, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.GetUpload().GetState() == campaignpb.UploadState_UPLOAD_STATE_FAILED {
			return fmt.Errorf("the demonstration's list was refused: %s", m.GetUpload().GetFailure())
		}
	}
}

// agent makes an agent, if it is new, and a token for it.
func (d *Demo) agent(ctx context.Context, login, name string, campaigns ...int64) (token string, err error) {
	var works []*campaignpb.Membership
	for _, id := range campaigns {
		works = append(works, &campaignpb.Membership{CampaignId: id, Weight: 1})
	}
	c := campaignpb.NewAdminServiceClient(d.conn)
	_, err = c.CreateAgent(ctx, &campaignpb.CreateAgentRequest{Agent: &campaignpb.Agent{
		Login: login, Name: name, Active: true, Campaigns: works,
	}})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return "", fmt.Errorf("make agent %s: %w", login, err)
	}
	t, err := c.CreateToken(ctx, &campaignpb.CreateTokenRequest{Owner: login, Role: campaignpb.Role_ROLE_AGENT})
	if err != nil {
		return "", fmt.Errorf("make a token for agent %s: %w", login, err)
	}
	return t.GetSecret(), nil
}

// Greet says what is to be seen and how to join in.
func (d *Demo) Greet(w io.Writer) error {
	_, err := fmt.Fprintf(w, `
This is the demonstration: %d invented people, %d simulated agents; four hours are four minutes here.
Open the link above in a browser: its first page says in three steps what you see, and lets you be an agent, a manager
or a supervisor by one button each. The link works once; for another, start again.
Or from another terminal, as one more agent:
  go run ./cmd/dialctl agent run %s --token-file %s
and as the administrator (dialctl finds the admin token by itself):
  go run ./cmd/dialctl floor
  go run ./cmd/dialctl explain 1
  go run ./cmd/dialctl report campaign --campaign %s
`, bytes.Count(people, []byte("\n"))-4+bytes.Count(guests, []byte("\n"))-1, len(colleagues), You, d.you, Campaign)
	return err
}
