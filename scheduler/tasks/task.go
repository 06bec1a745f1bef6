package tasks

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"redial/campaign"
)

// The types of tasks.
const (
	typeRelease  = "callbacks:release"
	typeRemind   = "appointment:remind"
	typeDue      = "appointment:due"
	typeRollover = "day:rollover"
	typeImport   = "import:run"
	typeReplan   = "leads:replan"
	typePurge    = "retention:purge"
)

// timeouts of the handlers. An import goes on where it was when it is run again.
var timeouts = map[string]time.Duration{
	typeRelease: 30 * time.Second, typeRemind: 30 * time.Second, typeDue: 30 * time.Second, typeRollover: time.Minute,
	typePush: pushTimeout, typeImport: 6 * time.Hour, typeReplan: 6 * time.Hour, typePurge: 6 * time.Hour,
}

// maxRetry is above 0, for a crash uses one up and a task without any is archived by it.
const maxRetry = 10

// payload is what a task carries: ids, and the instant it is for.
type payload struct {
	ID   int64 `json:"id,omitempty"`   // of the campaign, the promise or the upload, by type
	At   int64 `json:"at,omitempty"`   // not before this, UTC microseconds; 0: at once
	Slot int64 `json:"slot,omitempty"` // of periodic work: the day as 20260302
}

// message is a task before it is sent.
type message struct {
	kind string
	id   string // the same for the same work, without braces: they would choose the cluster's slot
	payload
}

func releaseTask(id campaign.CampaignID, at time.Time) message {
	// The instant is part of the id: the handler of one sends the next while its own id is still taken.
	at = ceil(at)
	return message{typeRelease, fmt.Sprintf("release-%d-%d", id, at.Unix()), payload{ID: int64(id), At: at.UnixMicro()}}
}

func remindTask(a *campaign.Appointment, at time.Time) message {
	return message{typeRemind, fmt.Sprintf("remind-%d", a.ID), payload{ID: int64(a.ID), At: at.UnixMicro()}}
}

func dueTask(a *campaign.Appointment) message {
	return message{typeDue, fmt.Sprintf("due-%d", a.ID), payload{ID: int64(a.ID), At: a.At.UnixMicro()}}
}

func rolloverTask(id campaign.CampaignID, day campaign.Date) message {
	return message{typeRollover, fmt.Sprintf("rollover-%d-%d", id, slotOf(day)), payload{ID: int64(id), Slot: slotOf(day)}}
}

func importTask(id campaign.UploadID) message {
	return message{typeImport, fmt.Sprintf("import-%d", id), payload{ID: int64(id)}}
}

func replanTask(id campaign.CampaignID, rulesVersion int64) message {
	return message{typeReplan, fmt.Sprintf("replan-%d-%d", id, rulesVersion), payload{ID: int64(id)}}
}

func purgeTask(day campaign.Date) message {
	return message{typePurge, fmt.Sprintf("purge-%d", slotOf(day)), payload{Slot: slotOf(day)}}
}

// PurgeSlot is the job and the slot under which the purge of a day runs once, for a node that runs it without Redis.
func PurgeSlot(now time.Time) (job string, slot int64) {
	return typePurge, slotOf(campaign.DateOf(now.UTC()))
}

// slotOf is the day as a number, 20260302.
func slotOf(d campaign.Date) int64 { return int64(d.Year*10000 + int(d.Month)*100 + d.Day) }

// ceil is t in whole seconds, not before t: Asynq keeps no parts of a second.
func ceil(t time.Time) time.Time {
	if s := t.Truncate(time.Second); s.Before(t) {
		return s.Add(time.Second)
	}
	return t
}

func (m message) task() (*asynq.Task, error) {
	b, err := json.Marshal(m.payload)
	if err != nil {
		return nil, fmt.Errorf("write task %s: %w", m.id, err)
	}
	return asynq.NewTask(m.kind, b, asynq.MaxRetry(maxRetry), asynq.Timeout(timeouts[m.kind])), nil
}
