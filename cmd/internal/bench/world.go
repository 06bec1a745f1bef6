package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"redial/campaign"
	"redial/campaign/store"
	"redial/dialer"
)

// world is a running campaign with leads and agents who are ready, the same at the beginning of every measure of
// calls. Ids are those of its record.
type world struct {
	of       database // nobody has it open: every measure takes a copy
	campaign campaign.CampaignID
	agents   []campaign.AgentID
	callers  int      // the first of the agents, who ask call by call; the rest work over streams
	tokens   []string // of the agents
	manager  string   // token of whoever changes rules
	leads    []campaign.LeadID
	called   int // calls that were made already, and finished no lead
}

// streamers are the agents who work over streams.
func (w *world) streamers() int { return len(w.agents) - w.callers }

// batchRows is how many rows the import writes in a transaction, as the server does.
const batchRows = 4000

// staff is how many agents there are of each kind.
type staff struct{ callers, streamers int }

// makeWorld fills an empty record.
func makeWorld(ctx context.Context, e *engine, leads int, of staff) (*world, error) {
	db, err := e.empty()
	if err != nil {
		return nil, err
	}
	s, err := db.open(ctx)
	if err != nil {
		return nil, err
	}
	w := &world{of: db, callers: of.callers}
	err = errors.Join(w.fill(ctx, s, leads, of.callers+of.streamers), s.Close())
	if err == nil {
		err = e.settle(ctx, db)
	}
	if err != nil {
		return nil, fmt.Errorf("fill the record with leads and agents: %w", err)
	}
	return w, nil
}

func (w *world) fill(ctx context.Context, s *store.Store, leads, agents int) error {
	c, err := makeCampaign(ctx, s)
	if err != nil {
		return err
	}
	w.campaign = c.ID
	if w.manager, _, err = s.CreateToken(ctx, "bench", campaign.RoleManager, 0, time.Time{}); err != nil {
		return err
	}
	if err := w.load(ctx, s, leads); err != nil {
		return err
	}
	w.agents, w.tokens = make([]campaign.AgentID, agents), make([]string, agents)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i := range agents {
		g.Go(func() error { return w.hire(ctx, s, i) })
	}
	return g.Wait()
}

// makeCampaign makes a running campaign that is open round the clock, so that the hour of the run does not matter,
// and that caps the calls to a number, so that a claim has to count them.
func makeCampaign(ctx context.Context, s *store.Store) (campaign.Campaign, error) {
	rules := campaign.DefaultRules()
	rules.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: 0, Close: 24 * 60}}
	rules.Intervals = map[campaign.Outcome]time.Duration{campaign.CallLater: time.Second}
	rules.Caps = []campaign.Cap{{Scope: campaign.CapNumber, Max: 5, Period: 7 * 24 * time.Hour}}
	floor := campaign.DefaultFloor()
	floor.WrapUp, floor.OfferTime, floor.Lease = 0, 10*time.Minute, 10*time.Minute
	c, err := s.CreateCampaign(ctx, campaign.Campaign{Name: "bench", Zone: "America/New_York", Region: "US", Rules: rules, Floor: floor,
		Script: "Hello {{name}}, this is {{agent}}."})
	if err != nil {
		return c, err
	}
	return s.StartCampaign(ctx, c.ID)
}

// load takes invented leads in. Their ids follow one another, for nobody else writes.
func (w *world) load(ctx context.Context, s *store.Store, n int) error {
	u, err := queueUpload(ctx, s, w.campaign, []byte("phone\n"))
	if err != nil {
		return err
	}
	lines := make([]int, n)
	for i := range lines {
		lines[i] = i
	}
	done := 0
	for part := range slices.Chunk(lines, batchRows) {
		drafts := make([]campaign.Draft, len(part))
		for i, line := range part {
			drafts[i] = draft(line)
		}
		done += len(part)
		got, err := s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: int64(done), Headings: []string{"phone"}})
		if err != nil {
			return err
		}
		if got.Leads != int64(len(part)) {
			return fmt.Errorf("%d of %d leads were taken in", got.Leads, len(part))
		}
	}
	if _, err := s.FinishImport(ctx, u.ID); err != nil {
		return err
	}
	return w.listLeads(ctx, s, n)
}

func (w *world) listLeads(ctx context.Context, s *store.Store, n int) error {
	first, err := s.FindLeads(ctx, campaign.LeadFilter{Campaign: w.campaign, Limit: 1})
	if err != nil || len(first) == 0 {
		return errors.Join(err, errors.New("no lead was taken in"))
	}
	last, err := s.FindLeads(ctx, campaign.LeadFilter{Campaign: w.campaign, AfterID: first[0].ID + campaign.LeadID(n) - 2, Limit: 2})
	if err != nil || len(last) != 1 {
		return errors.Join(err, errors.New("the ids of the leads do not follow one another"))
	}
	w.leads = make([]campaign.LeadID, n)
	for i := range w.leads {
		w.leads[i] = first[0].ID + campaign.LeadID(i)
	}
	return nil
}

func queueUpload(ctx context.Context, s *store.Store, c campaign.CampaignID, file []byte) (campaign.Upload, error) {
	u, err := s.BeginUpload(ctx, campaign.Upload{CampaignID: c, FileName: "bench.csv"}, "")
	if err != nil {
		return u, err
	}
	at := int64(0)
	for piece := range slices.Chunk(file, store.MaxPiece) {
		if at, err = s.AppendPiece(ctx, u.ID, at, piece); err != nil {
			return u, err
		}
	}
	return s.CommitUpload(ctx, u.ID, nil, at)
}

// hire makes an agent with a token; one of the callers is signed in and ready.
func (w *world) hire(ctx context.Context, s *store.Store, i int) error {
	login := fmt.Sprintf("agent%05d", i)
	a, err := s.CreateAgent(ctx, campaign.Agent{Login: login, Name: login, Active: true,
		Campaigns: []campaign.Membership{{CampaignID: w.campaign, Weight: 1}}})
	if err != nil {
		return err
	}
	w.agents[i] = a.ID
	if w.tokens[i], _, err = s.CreateToken(ctx, login, campaign.RoleAgent, a.ID, time.Time{}); err != nil || i >= w.callers {
		return err
	}
	_, err = s.MoveSession(ctx, a.ID, func(at campaign.Session, now time.Time) (campaign.Session, error) {
		set := dialer.SettingsOf(campaign.DefaultFloor(), 10*time.Minute)
		in, _, err := dialer.Step(at, now, dialer.SignIn{}, set)
		if err != nil {
			return at, err
		}
		ready, _, err := dialer.Step(in, now, dialer.WantReady{}, set)
		return ready, err
	})
	return err
}

// areas are area codes of the United States. The numbers made with them are invented and never dialled.
var areas = [...]string{"212", "213", "214", "215", "216", "303", "305", "312", "313", "404", "407", "410", "415", "503", "512", "602", "614", "617", "702", "713"}

// number is the nth number; no two are the same up to 20 * 790 * 9000.
func number(n int) string {
	area, rest := areas[n%len(areas)], n/len(areas)
	return fmt.Sprintf("%s%03d%04d", area, 210+rest/9000%790, 1000+rest%9000)
}

func draft(n int) campaign.Draft {
	p := campaign.Phone("+1" + number(n))
	return campaign.Draft{Line: n + 2, Name: fmt.Sprint("Lead ", n), Zones: []string{"America/New_York"},
		Numbers:    []campaign.Number{{Phone: p, Label: "phone"}},
		Attributes: []campaign.Attribute{{Name: "city", Value: "Springfield"}, {Name: "plan", Value: "basic"}}, Cells: []string{string(p)}}
}
