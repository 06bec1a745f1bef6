package store_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
	"redial/dialer"
	"redial/scheduler"
)

// The hammer: so many processes on one database call so many numbers for four campaigns in a tight loop, an hour in less
// than four seconds.
const (
	hammerNodes   = 8
	hammerDesks   = 4 // of each process
	hammerNumbers = 200
	hammerHot     = 6 // numbers that everybody wants at once: each slot that opens is raced for
	hammerSpeed   = 1000
	hammerTime    = 10 * time.Second
	hammerEnv     = "REDIAL_HAMMER"
)

// hammerOrder is what a process is told.
type hammerOrder struct {
	URL    string             `json:"url"`
	Node   int                `json:"node"`
	Agents []campaign.AgentID `json:"agents"`
	Leads  []campaign.LeadID  `json:"leads"`
}

// hammered is what came of it.
type hammered struct {
	Claimed, ByHand, Placed, Declined, RefusedAtStart int
	Refused                                           map[string]int // by the gate that bound
	Faults                                            []string
}

// clock goes fast from an instant on; zero: not yet. A store measures its database's clock while it opens, before that
// instant, so all processes agree.
type clock struct{ begin atomic.Int64 }

func (c *clock) now() time.Time {
	now := time.Now()
	if begin := c.begin.Load(); begin != 0 && now.UnixNano() > begin {
		return now.Add(now.Sub(time.Unix(0, begin)) * (hammerSpeed - 1))
	}
	return now
}

func openHammer(ctx context.Context, url string, c *clock) (*store.Store, error) {
	rules := new(scheduler.Rulebook)
	return store.Open(ctx, url, store.Options{Now: c.now, MaxConns: hammerDesks + 2,
		Rules: store.Rules{Decide: rules.Plan, Judge: rules.Offer, Book: rules.Book, Step: dialer.Follow(dialer.DefaultHeartbeat)}})
}

func TestMain(m *testing.M) {
	if order := os.Getenv(hammerEnv); order != "" {
		os.Exit(hammer(order))
	}
	if url := os.Getenv(worksEnv); url != "" {
		os.Exit(workUntilKilled(url))
	}
	os.Exit(m.Run())
}

// hammer is the process that hammers; it prints what came of it.
func hammer(text string) int {
	var o hammerOrder
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var fast clock
	s, err := openHammer(ctx, o.URL, &fast)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer s.Close()
	fmt.Fprintln(os.Stdout, "ready")
	var begin int64
	if _, err := fmt.Scan(&begin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	fast.begin.Store(begin)
	end := time.Unix(0, begin).Add(hammerTime)
	<-time.After(time.Until(time.Unix(0, begin)))
	out := hammered{Refused: make(map[string]int)}
	var mu sync.Mutex
	var desks sync.WaitGroup
	for i, a := range o.Agents {
		rng := rand.New(rand.NewPCG(uint64(o.Node), uint64(i)))
		desks.Go(func() {
			mine := hammered{Refused: make(map[string]int)}
			for time.Now().Before(end) && len(mine.Faults) == 0 {
				if err := mine.call(ctx, s, a, o.Leads, rng); err != nil {
					mine.Faults = append(mine.Faults, err.Error())
				}
			}
			mu.Lock()
			defer mu.Unlock()
			out.add(mine)
		})
	}
	desks.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return 2
	}
	return 0
}

func (h *hammered) add(o hammered) {
	h.Claimed += o.Claimed
	h.ByHand += o.ByHand
	h.Placed += o.Placed
	h.Declined += o.Declined
	h.RefusedAtStart += o.RefusedAtStart
	h.Faults = append(h.Faults, o.Faults...)
	for gate, n := range o.Refused {
		h.Refused[gate] += n
	}
}

// call claims a lead and calls it, or gives it back.
func (h *hammered) call(ctx context.Context, s *store.Store, a campaign.AgentID, leads []campaign.LeadID, rng *rand.Rand) error {
	some := make([]campaign.LeadID, 4)
	for i := range some {
		n := rng.IntN(hammerNumbers)
		if i%2 == 0 {
			n %= hammerHot
		}
		some[i] = leads[rng.IntN(4)*hammerNumbers+n]
	}
	byHand := rng.IntN(4) == 0 // an agent who picks one lead himself
	if byHand {
		some = some[:1]
	}
	got, err := s.ClaimLeads(ctx, []campaign.Claim{{Agent: a, Candidates: some, Manual: byHand}})
	if err != nil {
		return err
	}
	for _, r := range got[0].Refused {
		h.Refused[r.Judgement.Binding]++
	}
	as := got[0].Assignment
	if as == nil {
		return h.again(ctx, s, a, got[0].Err)
	}
	h.Claimed++
	if byHand {
		if as.Reason != "manual" {
			return fmt.Errorf("a lead that was picked by hand is offered as %s", as.Reason)
		}
		h.ByHand++
	}
	if rng.IntN(5) == 0 {
		h.Declined++
		_, err := s.Decline(ctx, as.ID, a, "not now")
		return err
	}
	if _, err := s.StartCall(ctx, as.ID, a); err != nil {
		if campaign.KindOf(err) == campaign.KindUnready {
			h.RefusedAtStart++
			return nil
		}
		return err
	}
	h.Placed++
	outcomes := []campaign.Outcome{campaign.NoAnswer, campaign.NoAnswer, campaign.Busy, campaign.Machine, campaign.CallLater, campaign.CallLater,
		campaign.Congestion, campaign.Abandoned}
	r := campaign.Result{Assignment: as.ID, Agent: a, Outcome: outcomes[rng.IntN(len(outcomes))]}
	if _, err = s.Conclude(ctx, r); err != nil {
		return err
	}
	return h.again(ctx, s, a, errors.New("in wrap-up"))
}

// again makes the agent ready if something keeps it from the next call.
func (h *hammered) again(ctx context.Context, s *store.Store, a campaign.AgentID, why error) error {
	if why == nil {
		return nil
	}
	_, err := s.MoveSession(ctx, a, func(x campaign.Session, now time.Time) (campaign.Session, error) {
		x.State, x.Reason, x.Since, x.HeartbeatAt, x.Assignment, x.Deadline = campaign.AgentReady, "asked", now, now, 0, time.Time{}
		return x, nil
	})
	return err
}

// hammerCampaigns are four campaigns whose caps look at the same people in every way. Their zone is one whose midnight
// comes in the middle.
func hammerCampaigns(zone string) []campaign.Campaign {
	all := make([]campaign.Campaign, 4)
	const hour = time.Hour
	for i, caps := range [][]campaign.Cap{
		{{Scope: campaign.CapNumber, Max: 3, Period: hour}, {Scope: campaign.CapPerson, Count: campaign.CountConnects, Max: 2, Period: 2 * hour}},
		{{Scope: campaign.CapMatter, Max: 2, Period: hour}, {Scope: campaign.CapNumber, Max: 4, Days: 1}},
		{{Scope: campaign.CapMatter, Max: 2, Period: hour}, {Scope: campaign.CapAccount, Max: 5, Period: hour}},
		{{Scope: campaign.CapCompany, Max: 5, Days: 1}, {Scope: campaign.CapPerson, Max: 4, Period: hour}},
	} {
		r := campaign.DefaultRules()
		r.Interval, r.MaxPerDay, r.NetworkRetry, r.Caps = 5*time.Minute, 0, time.Minute, caps
		r.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Close: 24 * 60}}
		all[i] = campaign.Campaign{Name: fmt.Sprint("hammer ", i), Zone: zone, Region: "US", Rules: r, Floor: campaign.DefaultFloor()}
		all[i].Floor.OfferTime, all[i].Floor.Lease = hammerOffer, hammerLease
	}
	all[1].Rules.Matter, all[2].Rules.Matter = "debt", "debt"
	all[2].Rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterConversation, Scope: campaign.CapPerson, Period: 40 * time.Minute}}
	all[3].Rules.CoolOffs = []campaign.CoolOff{{After: campaign.AfterMachine, Scope: campaign.CapNumber, Period: 30 * time.Minute}}
	return all
}

// Offers and leases are long enough for a slow moment of a fast clock.
const (
	hammerOffer = 10 * time.Minute
	hammerLease = 4 * time.Hour
)

// hammerDrafts are a campaign's people, each with one of the shared numbers. An external id is the same person's in three
// campaigns, under one number in two of them and under another in the third; four people share an account.
func hammerDrafts(nth int, zone string) []campaign.Draft {
	out := make([]campaign.Draft, hammerNumbers)
	for i := range out {
		out[i] = campaign.Draft{Line: i + 2, Zones: []string{zone}, Account: fmt.Sprint("a", i%50),
			Numbers: []campaign.Number{{Phone: campaign.Phone(fmt.Sprintf("+1202555%04d", i))}}}
		switch nth {
		case 0, 2:
			out[i].Source, out[i].ExternalID = "crm", fmt.Sprint("p", i)
		case 1:
			out[i].Source, out[i].ExternalID = "crm", fmt.Sprint("p", (i+100)%hammerNumbers)
		}
	}
	return out
}

// midnightAhead is a zone where the day ends in the middle of the hammering.
func midnightAhead(now time.Time) string {
	hours := 24 - now.UTC().Hour() - 2 // from UTC's clock to 22:00 or later
	for hours > 12 {
		hours -= 24
	}
	for hours < -12 {
		hours += 24
	}
	return fmt.Sprintf("Etc/GMT%+d", -hours)
}

func TestEightProcessesExceedNoCapOfAnyScope(t *testing.T) {
	url := testserver.NewPostgres(t, false).Database(t)
	zone := midnightAhead(time.Now())
	s, campaigns, leads, agents := hammerRecord(t, url, zone)
	sum := hammerAll(t, url, leads, agents)
	t.Logf("%d claims, %d of them by hand, %d calls, %d declined, %d refused at the start, refused at the claim: %v",
		sum.Claimed, sum.ByHand, sum.Placed, sum.Declined, sum.RefusedAtStart, sum.Refused)
	if sum.ByHand == 0 {
		t.Error("nobody dialled by hand")
	}
	if caps, cool := sum.Refused["rolling_cap"], sum.Refused["cool_off"]; caps < 200 || cool < 50 {
		t.Errorf("%d leads were refused by caps and %d by cool-offs: they were not put to the test", caps, cool)
	}
	if sum.Placed < 300 || sum.Declined == 0 {
		t.Errorf("%d calls were placed and %d declined: too few to tell anything", sum.Placed, sum.Declined)
	}
	hammerCount(t, s, campaigns, zone)
	_, err := s.Audit(t.Context(), 0, func(b campaign.Breach) error {
		t.Errorf("audit: %s: campaign %d, lead %d, assignment %d at %s: %s", b.Invariant, b.Campaign, b.Lead, b.Assignment, b.At, b.What)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// hammerRecord makes the campaigns, their leads and the agents, at the ordinary pace of time.
func hammerRecord(t *testing.T, url, zone string) (*store.Store, []campaign.Campaign, []campaign.LeadID, []campaign.AgentID) {
	t.Helper()
	ctx := t.Context()
	s, err := openHammer(ctx, url, new(clock))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var campaigns []campaign.Campaign
	var leads []campaign.LeadID
	for i, c := range hammerCampaigns(zone) {
		c = get(s.CreateCampaign(ctx, c))(t)
		campaigns = append(campaigns, get(s.StartCampaign(ctx, c.ID))(t))
		u := get(s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "h.csv"}, c.Name))(t)
		get(s.AppendPiece(ctx, u.ID, 0, []byte("x")))(t)
		u = get(s.CommitUpload(ctx, u.ID, nil, 1))(t)
		drafts := hammerDrafts(i, zone)
		get(s.ImportRows(ctx, campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: drafts, RowsDone: int64(len(drafts))}))(t)
		get(s.FinishImport(ctx, u.ID))(t)
		for _, l := range get(s.FindLeads(ctx, campaign.LeadFilter{List: u.ListID, Limit: 1000}))(t) {
			leads = append(leads, l.ID)
		}
	}
	var agents []campaign.AgentID
	for i := range hammerNodes * hammerDesks {
		a := get(s.CreateAgent(ctx, campaign.Agent{Login: fmt.Sprint("desk-", i), Active: true}))(t)
		agents = append(agents, a.ID)
		if err := new(hammered).again(ctx, s, a.ID, errSignIn); err != nil {
			t.Fatal(err)
		}
	}
	return s, campaigns, leads, agents
}

var errSignIn = errors.New("not signed in")

func get[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// hammerAll starts the processes, lets them begin together and adds up what they tell.
func hammerAll(t *testing.T, url string, leads []campaign.LeadID, agents []campaign.AgentID) hammered {
	t.Helper()
	sum := hammered{Refused: make(map[string]int)}
	var mu sync.Mutex
	var nodes, ready sync.WaitGroup
	begin := make(chan struct{})
	var at int64
	for n := range hammerNodes {
		order, err := json.Marshal(hammerOrder{url, n, agents[n*hammerDesks : (n+1)*hammerDesks], leads})
		if err != nil {
			t.Fatal(err)
		}
		ready.Add(1)
		nodes.Go(func() {
			h, err := hammerProcess(t.Context(), string(order), func() int64 { ready.Done(); <-begin; return at })
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("process %d: %v", n, err)
			}
			for _, fault := range h.Faults {
				t.Errorf("process %d: %s", n, fault)
			}
			sum.add(h)
		})
	}
	ready.Wait()
	at = time.Now().Add(200 * time.Millisecond).UnixNano()
	close(begin)
	nodes.Wait()
	return sum
}

// hammerProcess runs one process; when it is ready, or could not be, it asks when to begin.
func hammerProcess(ctx context.Context, order string, ready func() int64) (h hammered, err error) {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), hammerEnv+"="+order)
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		ready()
		return h, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		ready()
		return h, err
	}
	if err := cmd.Start(); err != nil {
		ready()
		return h, err
	}
	lines := bufio.NewReader(out)
	_, err = lines.ReadString('\n')
	at := ready()
	if err == nil {
		_, err = fmt.Fprintln(in, at)
	}
	if err == nil {
		err = json.NewDecoder(lines).Decode(&h)
	}
	if e := cmd.Wait(); e != nil || err != nil {
		return h, fmt.Errorf("%w\n%s", errors.Join(e, err), said.String())
	}
	return h, nil
}
