package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

// Rules are the small rules that the suite runs on: no hours, no days, no calendars.
func Rules() store.Rules { return rules() }

// Fact is something that was acknowledged: it may never be lost.
type Fact struct {
	What  string `json:"what"` // call, booking, suppression, import
	ID    int64  `json:"id"`   // of the assignment, the lead, the upload
	Value string `json:"value"`
}

// Works is a call centre at work while harm is done to its record: agents, a CRM that suppresses, a manager who imports.
// Each sends the same again until it is answered, as clients do. It decides nothing about what is right: Sound does.
type Works struct {
	Nodes  []*store.Store // those at work; a caller that is told that one is away asks the next
	Agents []campaign.AgentID
	Leads  []campaign.LeadID
	Camp   campaign.CampaignID
	Say    func(Fact) // hears of all that was acknowledged, at once from many; may be nil

	Acked   atomic.Int64 // acknowledged
	Away    atomic.Int64 // told that the record is away
	Full    atomic.Int64 // told that its disk is full or to be read only
	Longest atomic.Int64 // the longest that one request waited for its answer, nanoseconds

	mu    sync.Mutex
	facts []Fact
	errs  []error
}

// worksPatience is how long one request may wait for an answer of any kind. It is far longer than the record's own bounds
// on a laden machine, and far shorter than for ever.
const worksPatience = 45 * time.Second

// Found makes a running campaign with leads and agents.
func Found(ctx context.Context, s *store.Store, agents, leads int) (*Works, error) {
	w := &Works{Nodes: []*store.Store{s}}
	c := campaign.Campaign{Name: "works", Zone: "Asia/Shanghai", Region: "CN", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}
	c.Rules.MaxPerDay, c.Rules.MaxAttempts, c.Rules.Interval = 0, 0, time.Second
	c, err := s.CreateCampaign(ctx, c)
	if err == nil {
		c, err = s.StartCampaign(ctx, c.ID)
	}
	if err != nil {
		return nil, err
	}
	w.Camp = c.ID
	if _, err := w.load(ctx, s, leads); err != nil {
		return nil, err
	}
	for i := range agents {
		a, err := s.CreateAgent(ctx, campaign.Agent{Login: fmt.Sprint("works-", i), Active: true})
		if err != nil {
			return nil, err
		}
		w.Agents = append(w.Agents, a.ID)
	}
	return w, w.Join(ctx, s)
}

// Join takes up the work of a record that was founded, on another store.
func (w *Works) Join(ctx context.Context, s *store.Store) error {
	w.Nodes = []*store.Store{s}
	if w.Camp == 0 {
		all, err := s.Campaigns(ctx, 0, 2)
		if err != nil || len(all) != 1 {
			return fmt.Errorf("%d campaigns: %w", len(all), err)
		}
		w.Camp = all[0].ID
		agents, err := s.Agents(ctx)
		if err != nil {
			return err
		}
		for _, a := range agents {
			w.Agents = append(w.Agents, a.ID)
		}
	}
	leads, err := s.FindLeads(ctx, campaign.LeadFilter{Campaign: w.Camp, Limit: 1000})
	for _, l := range leads {
		w.Leads = append(w.Leads, l.ID)
	}
	return err
}

// Run works until ctx is done and what was asked is answered, and returns what was neither an answer nor a refusal nor an absence.
func (w *Works) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for i, a := range w.Agents {
		all.Go(func() { w.repeat(ctx, i, func(r *rand.Rand, n int) error { return w.call(ctx, a, r, n) }) })
	}
	all.Go(func() { w.repeat(ctx, 1001, func(r *rand.Rand, _ int) error { return w.suppress(ctx, r) }) })
	all.Go(func() { w.repeat(ctx, 1002, func(*rand.Rand, int) error { return w.importList(ctx) }) })
	all.Wait()
	return errors.Join(w.errs...)
}

// Facts are what was acknowledged so far.
func (w *Works) Facts() []Fact {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Fact(nil), w.facts...)
}

func (w *Works) repeat(ctx context.Context, seed int, do func(r *rand.Rand, n int) error) {
	r := rand.New(rand.NewPCG(uint64(seed), uint64(time.Now().UnixNano())))
	for n := seed; ctx.Err() == nil; n++ {
		if err := do(r, n); err != nil && ctx.Err() == nil {
			w.mu.Lock()
			w.errs = append(w.errs, err)
			w.mu.Unlock()
			return
		}
	}
}

func (w *Works) acked(what string, id int64, value string) {
	f := Fact{what, id, value}
	w.Acked.Add(1)
	w.mu.Lock()
	w.facts = append(w.facts, f)
	w.mu.Unlock()
	if w.Say != nil {
		w.Say(f)
	}
}

// again asks until there is an answer, waiting as it is told to, though never long: a test has little time.
func again[T any](ctx context.Context, w *Works, n int, ask func(context.Context, *store.Store) (T, error)) (T, error) {
	for ; ; n++ {
		began := time.Now()
		patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), worksPatience) // nobody leaves without an answer
		v, err := ask(patient, w.Nodes[n%len(w.Nodes)])
		cancel()
		for took, was := int64(time.Since(began)), w.Longest.Load(); took > was && !w.Longest.CompareAndSwap(was, took); was = w.Longest.Load() {
		}
		e, _ := errors.AsType[*campaign.Error](err)
		if e == nil || e.Kind != campaign.KindAway || ctx.Err() != nil {
			return v, err
		}
		if e.RetryAfter <= 0 {
			return v, fmt.Errorf("nothing is said of when to try again: %w", err)
		}
		if e.Reason == campaign.ReasonRecordFull {
			w.Full.Add(1)
		} else {
			w.Away.Add(1)
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(e.RetryAfter, 100*time.Millisecond)):
		}
	}
}

// refusal says whether err is an answer, if not the wanted one.
func refusal(err error) bool {
	e, ok := errors.AsType[*campaign.Error](err)
	return ok && e.Kind != campaign.KindInternal && e.Kind != campaign.KindAway || errors.Is(err, errNotReady)
}

// call makes one call from the claim to its outcome, or goes on with the one that was begun.
func (w *Works) call(ctx context.Context, a campaign.AgentID, r *rand.Rand, n int) error {
	held, err := again(ctx, w, n, func(ctx context.Context, s *store.Store) (*campaign.Claimed, error) { return s.OpenAssignment(ctx, a) })
	if err != nil {
		return fmt.Errorf("ask what is held: %w", err)
	}
	if held == nil {
		claim := campaign.Claim{Agent: a}
		for range 4 {
			claim.Candidates = append(claim.Candidates, w.Leads[r.IntN(len(w.Leads))])
		}
		got, err := again(ctx, w, n, func(ctx context.Context, s *store.Store) ([]campaign.Claimed, error) {
			return s.ClaimLeads(ctx, []campaign.Claim{claim})
		})
		if err != nil {
			return fmt.Errorf("claim: %w", err)
		}
		if got[0].Err != nil {
			return w.signIn(ctx, a, n)
		}
		held = &got[0]
	}
	as := held.Assignment
	if as == nil {
		return nil
	}
	if as.StartedAt.IsZero() {
		_, err := again(ctx, w, n, func(ctx context.Context, s *store.Store) (campaign.Started, error) { return s.StartCall(ctx, as.ID, a) })
		if refusal(err) {
			_, err = again(ctx, w, n, func(ctx context.Context, s *store.Store) (campaign.Session, error) {
				return s.Decline(ctx, as.ID, a, "no")
			})
			if refusal(err) {
				err = nil
			}
			return err
		}
		if err != nil {
			return fmt.Errorf("start the call: %w", err)
		}
	}
	return w.conclude(ctx, as, r, n)
}

// conclude records what came of a call: nobody there for the most part, so that there is always somebody to call.
func (w *Works) conclude(ctx context.Context, as *campaign.Assignment, r *rand.Rand, n int) error {
	res := result(*as, campaign.NoAnswer)
	switch r.IntN(40) {
	case 0:
		res.Outcome = campaign.Booked
		res.Booking = &campaign.Booking{Local: local(time.Now().Add(time.Hour))}
	case 1:
		res.Outcome = campaign.DoNotCall
	}
	rec, err := again(ctx, w, n, func(ctx context.Context, s *store.Store) (campaign.Recorded, error) { return s.Conclude(ctx, res) })
	if refusal(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record the outcome: %w", err)
	}
	w.acked("call", int64(as.ID), res.Outcome.String())
	if res.Booking != nil {
		w.acked("booking", int64(rec.Lead), "")
	}
	return nil
}

func (w *Works) signIn(ctx context.Context, a campaign.AgentID, n int) error {
	_, err := again(ctx, w, n, func(ctx context.Context, s *store.Store) (campaign.Session, error) {
		return s.MoveSession(ctx, a, func(x campaign.Session, now time.Time) (campaign.Session, error) {
			if x.State == campaign.AgentReady || x.Assignment != 0 {
				return x, campaign.Unready(campaign.ReasonBadState, "is at work")
			}
			x.State, x.Reason, x.Since, x.HeartbeatAt = campaign.AgentReady, "asked", now, now
			return x, nil
		})
	})
	if refusal(err) {
		return nil
	}
	return err
}

func (w *Works) suppress(ctx context.Context, r *rand.Rand) error {
	x := campaign.Suppression{Phone: phone(900_000 + r.IntN(90_000)), Reason: "complaint"}
	_, err := again(ctx, w, 0, func(ctx context.Context, s *store.Store) (campaign.Suppressed, error) { return s.Suppress(ctx, x) })
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	w.acked("suppression", 0, string(x.Phone))
	return nil
}

// importList loads a list of some leads in two pieces.
func (w *Works) importList(ctx context.Context) error {
	const rows = 40
	u, err := w.load(ctx, nil, rows)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	w.acked("import", int64(u), fmt.Sprint(rows))
	return nil
}

var listNumber atomic.Int64

// load imports a list of leads, on s or on whichever node answers.
func (w *Works) load(ctx context.Context, s *store.Store, rows int) (campaign.UploadID, error) {
	if s != nil {
		w = &Works{Nodes: []*store.Store{s}, Camp: w.Camp}
	}
	request := fmt.Sprintf("works-%d-%d", time.Now().UnixNano(), listNumber.Add(1))
	u, err := again(ctx, w, 0, func(ctx context.Context, s *store.Store) (campaign.Upload, error) {
		return s.BeginUpload(ctx, campaign.Upload{CampaignID: w.Camp, FileName: request + ".csv"}, request)
	})
	if err != nil {
		return 0, err
	}
	size, err := again(ctx, w, 0, func(ctx context.Context, s *store.Store) (int64, error) {
		size, err := s.AppendPiece(ctx, u.ID, 0, []byte("x"))
		if campaign.ReasonOf(err) == campaign.ReasonWrongOffset {
			return 1, nil // it had been taken before
		}
		return size, err
	})
	if err != nil {
		return 0, err
	}
	committed, err := again(ctx, w, 0, func(ctx context.Context, s *store.Store) (campaign.Upload, error) {
		return s.CommitUpload(ctx, u.ID, nil, size)
	})
	if err != nil {
		return 0, err
	}
	half := max(rows/2, 1)
	for from := 0; from < rows; from += half {
		drafts := make([]campaign.Draft, min(half, rows-from))
		for i := range drafts {
			p := campaign.Phone(fmt.Sprintf("+86139%08d", int(u.ID)*1000+from+i))
			drafts[i] = campaign.Draft{Line: from + i + 2, Zones: []string{"Asia/Shanghai"}, Numbers: []campaign.Number{{Phone: p}}}
		}
		if _, err := again(ctx, w, 0, func(ctx context.Context, s *store.Store) (campaign.Tally, error) {
			now, err := s.UploadByID(ctx, u.ID)
			if err != nil || now.RowsDone > int64(from) {
				return now.Tally, err
			}
			return s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: committed.ListID, Drafts: drafts, RowsDone: int64(from + len(drafts))})
		}); err != nil {
			return 0, err
		}
	}
	_, err = again(ctx, w, 0, func(ctx context.Context, s *store.Store) (campaign.Upload, error) {
		u, err := s.FinishImport(ctx, u.ID)
		return u, err
	})
	return u.ID, err
}
