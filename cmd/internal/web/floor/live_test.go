package floor

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// An hour of a floor of 500 agents: each second every one of them gives a sign of life, which moves its deadline and is
// nothing to see, and 25 change their state. A page gets at most one update a second, the changed rows alone, and few bytes.
func TestAFloorOfFiveHundredDoesNotFloodThePage(t *testing.T) {
	t.Parallel()
	const agents, changed, seconds = 500, 25, 3600
	synctest.Test(t, func(t *testing.T) {
		a := &api{agents: crowd(agents)}
		begin := time.Now()
		a.change = func(second int) *pb.Floor {
			now := begin.Add(time.Duration(second) * time.Second)
			f := &pb.Floor{At: timestamppb.New(now)}
			for i, was := range a.agents {
				state, since := was.GetSession().GetState(), was.GetSession().GetSince().AsTime()
				if (i+second)%(agents/changed) == 0 {
					state, since = campaignpb.AgentState(2+second/20%5), now
				}
				a.agents[i] = person(i, state, since)
				a.agents[i].Session.Deadline = timestamppb.New(now.Add(30 * time.Second))
			}
			f.Agents = a.agents
			return f
		}
		h := pages(t, a)
		ctx, stop := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/floor/live?campaign=1", nil))
		}()
		time.Sleep(seconds * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
		stop()
		<-ended
		if a.watched.GetEvery().AsDuration() != time.Second || a.watched.GetCampaignId() != 1 {
			t.Errorf("watched %v", a.watched)
		}
		told, bytes := updates(t, w.Body.String())
		if len(told) < seconds-2 || len(told) > seconds+1 || !told[0].Whole || len(told[0].Agents) != agents {
			t.Fatalf("%d updates in %d s, the first of %d rows", len(told), seconds, len(told[0].Agents))
		}
		for i, u := range told[1:] {
			if len(u.Agents) > changed {
				t.Fatalf("update %d has %d rows, %d changed", i+1, len(u.Agents), changed)
			}
		}
		first := bytes[0]
		rest := 0
		for _, n := range bytes[1:] {
			rest += n
		}
		t.Logf("the whole floor: %d bytes; then %d bytes a second", first, rest/seconds)
		if first > 120_000 || rest/seconds > 6_000 {
			t.Errorf("the whole floor takes %d bytes, then %d a second", first, rest/seconds)
		}
	})
}

// updates are the floor's events, and the bytes of each.
func updates(t *testing.T, body string) (told []update, bytes []int) {
	t.Helper()
	for event := range strings.SplitSeq(body, "\n\n") {
		data, ok := strings.CutPrefix(event, "event: floor\ndata: ")
		if !ok {
			continue
		}
		var u update
		if err := json.Unmarshal([]byte(data), &u); err != nil {
			t.Fatal(err, data)
		}
		told, bytes = append(told, u), append(bytes, len(event))
	}
	return told, bytes
}

// What is nothing to see is not told; who signs out is told once, and is whole again on coming back.
func TestNothingIsToldTwice(t *testing.T) {
	t.Parallel()
	said := newTold(reader{map[string]string{}, map[int64]string{}})
	one := person(1, campaignpb.AgentState_AGENT_STATE_READY, began)
	tell := func(whole bool, agents ...*pb.FloorAgent) (int, bool) {
		u, news := said.take(&pb.WatchFloorResponse{Whole: whole, Floor: &pb.Floor{At: timestamppb.New(began), Agents: agents, Missed: 3}})
		return len(u.Agents), news
	}
	out := person(1, campaignpb.AgentState_AGENT_STATE_SIGNED_OUT, began)
	for i, c := range []struct {
		whole bool
		agent *pb.FloorAgent
		rows  int
		news  bool
	}{{true, one, 1, true}, {false, one, 0, false}, {false, out, 1, true}, {false, one, 1, true}, {true, one, 1, true}} {
		if rows, news := tell(c.whole, c.agent); rows != c.rows || news != c.news {
			t.Errorf("%d: %d rows, %v", i, rows, news)
		}
	}
}
