package rpc_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // a transaction beside the store's
	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/store"
	"redial/campaign/store/storetest/testserver"
	pb "redial/proto/campaign/v1"
)

// A transaction that took its events' ids first and commits last is told of all the same.
func TestALateCommitIsNotSkipped(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	w := watching(t, url)
	db := must[*sql.DB](t)(sql.Open("pgx", url))
	t.Cleanup(func() { db.Close() })
	tx := must[*sql.Tx](t)(db.BeginTx(t.Context(), nil))
	if _, err := tx.ExecContext(t.Context(), `INSERT INTO outbox (type, at, campaign_id, data) VALUES ('bad_data', $1, $2, '{"number":"+861"}')`,
		w.Now().UnixMicro(), int64(w.campaign.ID)); err != nil {
		t.Fatal(err)
	}
	must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000055"}))
	w.number(t)
	first, cursor := w.drain(t, &pb.WatchEventsRequest{})
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	w.number(t)
	later, _ := w.drain(t, &pb.WatchEventsRequest{Cursor: cursor})
	if got, want := kinds(first)+" | "+kinds(later), "CAMPAIGN_STATE LIST_LOADED SUPPRESSED | BAD_DATA"; got != want {
		t.Fatalf("told %s, want %s", got, want)
	}
	if last := first[len(first)-1].GetId(); later[0].GetId() >= last {
		t.Errorf("the late event has id %d, the one told before it %d: nothing was late", later[0].GetId(), last)
	}
}

// What is committed and has no number yet has not been told: a reader by the clock waits for it.
func TestAReaderByTheClockHearsAllThatWasCommitted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *watched) {
		w.number(t)
		_, cursor := w.drain(t, &pb.WatchEventsRequest{})
		must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000055"}))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		stream := must[grpc.ServerStreamingClient[pb.WatchEventsResponse]](t)(w.client.WatchEvents(ctx, &pb.WatchEventsRequest{Cursor: cursor, UntilCaughtUp: true}))
		go func() {
			<-time.After(300 * time.Millisecond) // several looks, in which it waits
			w.number(t)
			w.events.Numbered()
		}()
		m := must[*pb.WatchEventsResponse](t)(stream.Recv())
		if kinds(m.GetEvents()) != "SUPPRESSED" {
			t.Errorf("the first answer tells %q, caught up %v", kinds(m.GetEvents()), m.GetCaughtUp())
		}
		for !m.GetCaughtUp() {
			m = must[*pb.WatchEventsResponse](t)(stream.Recv())
		}
	})
}

func TestWhoWatchesHearsWhatIsAskedForAndGranted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *watched) {
		other := must[campaign.Campaign](t)(w.CreateCampaign(t.Context(), campaign.Campaign{Name: "autumn", Zone: "Asia/Shanghai", Rules: campaign.DefaultRules(), Floor: campaign.DefaultFloor()}))
		must[campaign.Campaign](t)(w.StartCampaign(t.Context(), other.ID))
		must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000055"}))
		w.call(t, w.lead(t, 0).ID, campaign.WrongPerson, nil)
		w.number(t)
		all, spring, autumn := []campaign.CampaignID(nil), []campaign.CampaignID{w.campaign.ID}, []campaign.CampaignID{other.ID}
		for _, c := range []struct {
			grants []campaign.CampaignID
			asked  []campaign.CampaignID
			types  []pb.EventType
			want   string
		}{
			{grants: all, want: "CAMPAIGN_STATE LIST_LOADED CAMPAIGN_STATE SUPPRESSED BAD_DATA ATTEMPT LEAD_FINISHED"},
			{grants: all, asked: autumn, want: "CAMPAIGN_STATE SUPPRESSED"},
			{grants: spring, want: "CAMPAIGN_STATE LIST_LOADED SUPPRESSED BAD_DATA ATTEMPT LEAD_FINISHED"},
			{grants: autumn, want: "CAMPAIGN_STATE SUPPRESSED"},
			{grants: append(spring, autumn...), asked: spring, types: []pb.EventType{pb.EventType_EVENT_TYPE_ATTEMPT}, want: "ATTEMPT"},
			{grants: autumn, types: []pb.EventType{pb.EventType_EVENT_TYPE_ATTEMPT, pb.EventType_EVENT_TYPE_SUPPRESSED}, want: "SUPPRESSED"},
			{grants: autumn, types: []pb.EventType{pb.EventType_EVENT_TYPE_BAD_DATA}, want: ""},
		} {
			w.as(campaign.Caller{Owner: "hub", Role: campaign.RoleCRM, Campaigns: c.grants})
			q := &pb.WatchEventsRequest{Types: c.types}
			for _, id := range c.asked {
				q.CampaignIds = append(q.CampaignIds, int64(id))
			}
			got, cursor := w.drain(t, q)
			if kinds(got) != c.want {
				t.Errorf("granted %v, asked %v %v: told %q, want %q", c.grants, c.asked, c.types, kinds(got), c.want)
			}
			if end := must[campaign.Stream](t)(w.Stream(t.Context())); cursor != end.End().String() {
				t.Errorf("the cursor %q stayed behind the end of the stream, %q", cursor, end.End())
			}
		}
		w.as(campaign.Caller{Owner: "hub", Role: campaign.RoleCRM, Campaigns: autumn})
		for _, id := range []int64{int64(w.campaign.ID), 99} {
			_, _, err := w.tryDrain(t, &pb.WatchEventsRequest{CampaignIds: []int64{id}})
			refused(t, "a campaign that is not for the caller", err, campaign.KindNotFound, "")
		}
		_, _, err := w.tryDrain(t, &pb.WatchEventsRequest{Types: []pb.EventType{99}})
		refused(t, "an unknown type", err, campaign.KindInvalid, "types[0]")
	})
}

func TestCursorsOfElsewhereAreKnown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *watched) {
		w.number(t)
		_, cursor := w.drain(t, &pb.WatchEventsRequest{})
		epoch, _, _ := strings.Cut(cursor, ".")
		for _, wrong := range []string{"x", "NOW", cursor + "z", cursor + " ", epoch + ".", epoch + ".-1", "." + cursor, strings.ToUpper(cursor), epoch + ".zzzzzzzzzzzzzzzzzz", "another.3"} {
			_, _, err := w.tryDrain(t, &pb.WatchEventsRequest{Cursor: wrong})
			if campaign.KindOf(err) != campaign.KindInvalid {
				t.Errorf("cursor %q: %v", wrong, err)
			}
		}
		other := watching(t, "sqlite://"+t.TempDir()+"/other.db")
		other.number(t)
		_, foreign := other.drain(t, &pb.WatchEventsRequest{})
		_, _, err := w.tryDrain(t, &pb.WatchEventsRequest{Cursor: foreign})
		refused(t, "a cursor of another record", err, campaign.KindInvalid, campaign.ReasonCursorForeign)

		// Somebody read on after the backup was made; the record restored from it says so, and goes on from what it has.
		ahead := campaign.Place{Epoch: epoch, Seq: must[campaign.Stream](t)(w.Stream(t.Context())).Last + 5}.String()
		if _, _, err := w.tryDrain(t, &pb.WatchEventsRequest{Cursor: ahead}); reasonOf(err) != campaign.ReasonCursorForeign {
			t.Errorf("a cursor beyond the end: %v", err)
		}
		must[campaign.Restored](t)(w.Restored(t.Context()))
		w.number(t)
		for _, old := range []string{cursor, ahead} {
			if got, _ := w.drain(t, &pb.WatchEventsRequest{Cursor: old}); kinds(got) != "RECORD_RESTORED CAMPAIGN_STATE" {
				t.Errorf("after the restore the reader of %q hears %q", old, kinds(got))
			}
		}
		if got, _ := w.drain(t, &pb.WatchEventsRequest{}); kinds(got) != "CAMPAIGN_STATE LIST_LOADED RECORD_RESTORED CAMPAIGN_STATE" {
			t.Errorf("from the beginning: %q", kinds(got))
		}
		if got, now := w.drain(t, &pb.WatchEventsRequest{Cursor: "now"}); len(got) != 0 || strings.HasPrefix(now, epoch) {
			t.Errorf("now: %q at %q", kinds(got), now)
		}
	})
}

func TestWhoWasAwayTooLongIsToldWhereToGoOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *watched) {
		w.number(t)
		_, start := w.drain(t, &pb.WatchEventsRequest{})
		must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000055"}))
		w.number(t)
		_, middle := w.drain(t, &pb.WatchEventsRequest{})
		w.skew.Add(int64(25 * time.Hour))
		must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000056"}))
		w.number(t)
		if _, err := w.DropEvents(t.Context(), 23*time.Hour); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("less than a day is kept: %v", err)
		}
		if n := must[int64](t)(w.DropEvents(t.Context(), 24*time.Hour)); n != 3 {
			t.Errorf("%d events were dropped, want 3", n)
		}
		_, _, err := w.tryDrain(t, &pb.WatchEventsRequest{Cursor: start})
		refused(t, "a cursor from before", err, campaign.KindInvalid, campaign.ReasonCursorOld)
		e, _ := err.(*campaign.Error) //nolint:errorlint // that it is one was just checked
		if e == nil || e.Meta["oldest"] != middle {
			t.Fatalf("it says %+v, want %s as the oldest", e, middle)
		}
		for _, c := range []string{middle, ""} {
			if got, _ := w.drain(t, &pb.WatchEventsRequest{Cursor: c}); kinds(got) != "SUPPRESSED" {
				t.Errorf("from %q it tells %q", c, kinds(got))
			}
		}
		// A reader that is under way when they are dropped is told, too, and never passes over them.
		end := must[campaign.Stream](t)(w.Stream(t.Context()))
		if _, err := w.Events(t.Context(), end.Dropped-1, end.Last, campaign.EventFilter{Types: []campaign.EventType{campaign.EventBooked}}); reasonOf(err) != campaign.ReasonCursorOld {
			t.Errorf("reading over what was dropped: %v", err)
		}
	})
}

// What is done at once by many is told to a reader who comes and goes: everything, and that of a lead in its order.
func TestNothingIsSkippedOrReordered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *watched) {
		seed := uint64(time.Now().UnixNano())
		var doing sync.WaitGroup
		over := make(chan struct{})
		for i := range 3 {
			lead := w.lead(t, i).ID
			doing.Go(func() {
				for n := range 25 {
					name := fmt.Sprint("name ", n)
					if _, err := w.UpdateLead(t.Context(), campaign.LeadUpdate{ID: lead, Name: &name, By: fmt.Sprint(n)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		go func() { doing.Wait(); close(over) }()
		rng := rand.New(rand.NewPCG(seed, 1))
		told, last, cursor := map[int64]int{}, map[int64]int64{}, ""
		for done := false; !done; {
			select {
			case <-over:
				done = true
			default:
			}
			epoch, _, err := w.Elect(t.Context(), store.Elected, "n", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			for n := 1; n > 0; {
				n = must[int](t)(w.Sequence(t.Context(), epoch, 1+rng.IntN(9)))
				if !done && rng.IntN(2) == 0 {
					break
				}
			}
			cursor = w.listen(t, cursor, done, rng, func(e *pb.Event) {
				if e.GetLead().GetBy() == "" {
					return
				}
				if e.GetId() <= last[e.GetLeadId()] || e.GetLead().GetBy() != fmt.Sprint(told[e.GetLeadId()]) {
					t.Errorf("seed %d: lead %d: change %s after %d of them, event %d after %d", seed, e.GetLeadId(), e.GetLead().GetBy(), told[e.GetLeadId()], e.GetId(), last[e.GetLeadId()])
				}
				last[e.GetLeadId()] = e.GetId()
				told[e.GetLeadId()]++
			})
		}
		for lead, n := range told {
			if n != 25 {
				t.Errorf("seed %d: %d changes of lead %d were told, want 25", seed, n, lead)
			}
		}
		if len(told) != 3 {
			t.Errorf("seed %d: %d leads were told of", seed, len(told))
		}
	})
}

// listen reads some answers, or all there are, then goes away; an answer that is not processed comes again.
func (w *watched) listen(t *testing.T, cursor string, all bool, rng *rand.Rand, take func(*pb.Event)) string {
	t.Helper()
	most := 200 * time.Millisecond // what has no number yet is not waited for: nobody gives it one meanwhile
	if all {
		most = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	stream := must[grpc.ServerStreamingClient[pb.WatchEventsResponse]](t)(w.client.WatchEvents(ctx, &pb.WatchEventsRequest{Cursor: cursor, UntilCaughtUp: all}))
	for n := 1 + rng.IntN(3); n > 0 || all; n-- {
		m, err := stream.Recv()
		if err != nil {
			if all {
				t.Error(err)
			}
			return cursor
		}
		if !all && rng.IntN(4) == 0 {
			return cursor
		}
		for _, e := range m.GetEvents() {
			take(e)
		}
		cursor = m.GetCursor()
		if m.GetCaughtUp() {
			return cursor
		}
	}
	return cursor
}

// A number that was suppressed during the call cannot be promised a call: the promise is made, closed, and told of so.
func TestAPromiseThatCannotStandIsToldOf(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *watched) {
		a := w.claim(t, w.lead(t, 0).ID)
		if _, err := w.StartCall(t.Context(), a.ID, w.li.ID); err != nil {
			t.Fatal(err)
		}
		must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000001"}))
		w.number(t)
		_, cursor := w.drain(t, &pb.WatchEventsRequest{})
		must[campaign.Recorded](t)(w.Conclude(t.Context(), campaign.Result{Assignment: a.ID, Agent: w.li.ID, Outcome: campaign.Booked, Booking: &campaign.Booking{Local: "2099-03-02T15:00"}}))
		w.number(t)
		got, _ := w.drain(t, &pb.WatchEventsRequest{Cursor: cursor})
		closed := got[len(got)-1].GetAppointment()
		if kinds(got) != "ATTEMPT LEAD_FINISHED APPOINTMENT_BOOKED APPOINTMENT_CLOSED" || closed.GetAppointmentId() != got[2].GetAppointment().GetAppointmentId() ||
			closed.GetState() != pb.AppointmentState_APPOINTMENT_STATE_CANCELLED || closed.GetReason() != "suppressed" {
			t.Errorf("told %s: %+v", kinds(got), closed)
		}
		if p := must[campaign.Appointment](t)(w.Appointment(t.Context(), campaign.AppointmentID(closed.GetAppointmentId()))); p.State != campaign.AppointmentCancelled {
			t.Errorf("the record has it %s", p.State)
		}
	})
}

func TestNumbersAreMaskedWhereTheCampaignSaysSo(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/r.db"
	w := watching(t, "sqlite://"+path)
	w.call(t, w.lead(t, 0).ID, campaign.WrongPerson, nil)
	must[campaign.Suppressed](t)(w.Suppress(t.Context(), campaign.Suppression{Phone: "+8613900000055"}))
	w.number(t)
	db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+path))
	defer db.Close()
	must[sql.Result](t)(db.ExecContext(t.Context(), `UPDATE campaigns SET mask_numbers = TRUE`))
	full, hidden := "+8613900000001", campaign.Phone("+8613900000001").Masked()
	only := []campaign.CampaignID{w.campaign.ID}
	for _, x := range []struct {
		caller             campaign.Caller
		called, suppressed string
	}{
		{campaign.Caller{Role: campaign.RoleCRM}, hidden, "+8613900000055"},
		{campaign.Caller{Role: campaign.RoleCRM, Campaigns: only}, hidden, campaign.Phone("+8613900000055").Masked()},
		{campaign.Caller{Role: campaign.RoleCRM, Campaigns: only, Permissions: []campaign.Permission{campaign.PermitNumbers}}, full, "+8613900000055"},
		{campaign.Caller{Role: campaign.RoleAdmin}, full, "+8613900000055"},
	} {
		w.as(x.caller)
		for _, e := range must2(w.drain(t, &pb.WatchEventsRequest{})) {
			for _, n := range []struct{ got, want string }{{e.GetAttempt().GetNumber(), x.called}, {e.GetBadNumber().GetNumber(), x.called}, {e.GetSuppression().GetNumber(), x.suppressed}} {
				if n.got != "" && n.got != n.want {
					t.Errorf("%+v sees %s in %s, want %s", x.caller, n.got, kinds([]*pb.Event{e}), n.want)
				}
			}
		}
	}
}

func must2[A, B any](a A, _ B) A { return a }
