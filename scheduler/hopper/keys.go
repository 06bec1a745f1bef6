package hopper

import (
	"strconv"

	"github.com/redis/go-redis/v9"

	"redial/campaign"
)

func heedsDeadlines(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	default:
		return true // a wrapper: its maker's business
	}
}

func (w *Window) key(id campaign.CampaignID, what string) string {
	return w.o.Prefix + ":{c" + strconv.FormatInt(int64(id), 10) + "}:" + what
}

// lanes are the keys of both lanes, tried first.
func (w *Window) lanes(id campaign.CampaignID) []string {
	return []string{w.key(id, string(Tried)), w.key(id, string(Fresh))}
}

// taken are the keys under which the leads taken lately are kept: those of the present stretch of the guard's length, and
// of the one before. They expire whole, so that nothing has to clear them.
func (w *Window) taken(id campaign.CampaignID) []string {
	slot := w.o.Now().UnixMilli() / guard.Milliseconds()
	return []string{w.takenKey(id, slot), w.takenKey(id, slot-1)}
}

func (w *Window) takenKey(id campaign.CampaignID, slot int64) string {
	return w.key(id, "taken:"+strconv.FormatInt(slot, 10))
}

// all are the lanes, the generation and the leads taken lately.
func (w *Window) all(id campaign.CampaignID) []string {
	return append(append(w.lanes(id), w.key(id, "gen")), w.taken(id)...)
}
