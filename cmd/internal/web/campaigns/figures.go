package campaigns

import (
	"context"
	"maps"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

// How long figures are good for, however many pages show them: what costs more is asked less often.
const (
	countsFor   = 2 * time.Second
	todayFor    = 8 * time.Second
	floorFor    = 5 * time.Second
	forecastFor = 15 * time.Second
)

// figures are how a campaign stands. What could not be asked is nil.
type figures struct {
	Counts   *pb.GetCampaignResponse
	Today    map[string]*pb.Figure         // of the campaign's day so far, by name
	Forecast *schedulerv1.ForecastResponse // of the next 24 hours; nil: finished, or the reader may not see it
	Floor    *dialerv1.FloorCampaign       // nil: finished, or the reader does not see the floor
	Missed   int64                         // promises missed today; with Floor
}

// figuresKey keeps what roles may see apart.
type figuresKey struct {
	id   int64
	role campaign.Role
}

// kept are figures with the instants at which each was asked.
type kept struct {
	mu                              sync.Mutex
	f                               figures
	counts, today, floor, forecasts time.Time
	noForecast, noFloor             bool // the role may not see it
}

// figuresCache asks for figures no more often than they are worth. Safe for concurrent use.
type figuresCache struct {
	now       func() time.Time
	campaigns pb.CampaignServiceClient
	reports   pb.ReportServiceClient
	floor     dialerv1.FloorServiceClient
	schedule  schedulerv1.ScheduleServiceClient

	mu   sync.Mutex
	kept map[figuresKey]*kept
}

// of are a campaign's figures. The caller was told of the campaign by the API just before: what is kept may be another's.
func (c *figuresCache) of(ctx context.Context, m *pb.Campaign) (figures, error) {
	k := c.keep(figuresKey{m.GetId(), campaign.CallerFrom(ctx).Role})
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := c.fresh(&k.counts, countsFor, true, func() (err error) {
		k.f.Counts, err = c.campaigns.GetCampaign(ctx, &pb.GetCampaignRequest{Id: m.GetId()})
		return err
	}); err != nil {
		return figures{}, err
	}
	if err := c.fresh(&k.today, todayFor, true, func() (err error) {
		k.f.Today, err = c.today(ctx, m)
		return err
	}); err != nil {
		return figures{}, err
	}
	if m.GetState() == pb.CampaignState_CAMPAIGN_STATE_FINISHED {
		f := k.f
		f.Forecast, f.Floor = nil, nil
		return f, nil
	}
	if err := k.unless(&k.noForecast, c.fresh(&k.forecasts, forecastFor, !k.noForecast, func() (err error) {
		k.f.Forecast, err = c.schedule.Forecast(ctx, &schedulerv1.ForecastRequest{CampaignId: m.GetId()})
		return err
	})); err != nil {
		return figures{}, err
	}
	err := k.unless(&k.noFloor, c.fresh(&k.floor, floorFor, !k.noFloor, func() error { return c.onFloor(ctx, m.GetId(), &k.f) }))
	return k.f, err
}

// unless notes that the role may not see something, so that it is not asked for again: that is no failure.
func (k *kept) unless(refused *bool, err error) error {
	if status.Code(err) == codes.PermissionDenied {
		*refused = true
		return nil
	}
	return err
}

func (c *figuresCache) keep(key figuresKey) *kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[figuresKey]*kept{}
	}
	if c.kept[key] == nil {
		c.kept[key] = &kept{}
	}
	return c.kept[key]
}

// forget makes the next look at a campaign ask again: somebody changed it.
func (c *figuresCache) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.kept, func(key figuresKey, _ *kept) bool { return key.id == id })
}

// fresh asks again if what was asked is too old and it may be asked at all; a failure is not kept.
func (c *figuresCache) fresh(asked *time.Time, good time.Duration, may bool, ask func() error) error {
	now := c.now()
	if !may || !asked.IsZero() && now.Sub(*asked) < good && !now.Before(*asked) {
		return nil
	}
	if err := ask(); err != nil {
		return err
	}
	*asked = now
	return nil
}

// today are the figures of the campaign's own day so far.
func (c *figuresCache) today(ctx context.Context, m *pb.Campaign) (map[string]*pb.Figure, error) {
	date := page.In(c.now(), m.GetZone()).Format(time.DateOnly)
	a, err := c.reports.GetReport(ctx, &pb.GetReportRequest{Query: &pb.ReportQuery{
		Kind: pb.ReportKind_REPORT_KIND_CAMPAIGN, CampaignId: m.GetId(), From: date, To: date, Zone: m.GetZone(),
	}})
	if err != nil {
		return nil, err
	}
	all := map[string]*pb.Figure{}
	for _, f := range a.GetReport().GetTotal().GetFigures() {
		all[f.GetName()] = f
	}
	return all, nil
}

// onFloor are a campaign's figures of the floor.
func (c *figuresCache) onFloor(ctx context.Context, id int64, f *figures) error {
	f.Floor, f.Missed = nil, 0
	a, err := c.floor.GetFloor(ctx, &dialerv1.GetFloorRequest{CampaignId: id})
	if err != nil {
		return err
	}
	for _, m := range a.GetFloor().GetCampaigns() {
		if m.GetCampaignId() == id {
			f.Floor, f.Missed = m, a.GetFloor().GetMissed()
		}
	}
	return nil
}

// Count is how many leads are in a state, such as "open".
func (f figures) Count(state string) int64 {
	for _, n := range f.Counts.GetLeads() {
		if word(n.GetState()) == state {
			return n.GetCount()
		}
	}
	return 0
}

// Total are all the campaign's leads.
func (f figures) Total() (n int64) {
	for _, c := range f.Counts.GetLeads() {
		n += c.GetCount()
	}
	return n
}

// Callable are the leads that may be called now; -1: not told.
func (f figures) Callable() int64 {
	if f.Forecast == nil {
		return -1
	}
	return min(f.Forecast.GetAll().GetCallable(), f.Count("open"))
}

// Attempts are the calls of the campaign's day so far.
func (f figures) Attempts() int64 { return int64(f.Today["attempts"].GetNumerator()) }
