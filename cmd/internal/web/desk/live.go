package desk

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// live holds the agent's Work stream for as long as the page listens, and tells the page what comes by it.
//
// Signs of life are the page's own: it answers each beat with POST /desk/beat, which is the heartbeat. Were they the
// server's, for as long as the connection looks open, a laptop that was shut would count as present until TCP gives up,
// many minutes later, and its call with it. And a beat that is asked for by an event comes from a page in the background
// too, whose own timers browsers slow down to one a minute, longer than a heartbeat may be missing.
func (d *desks) live(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	out := page.NewLive(w, r)
	now, err := d.agents.GetSession(ctx, &pb.GetSessionRequest{})
	if err != nil {
		d.trouble(r, out, err)
		return
	}
	name, epoch := r.URL.Query().Get("tab"), r.URL.Query().Get("epoch")
	switch s := now.GetSession(); {
	case s.GetState() == campaignpb.AgentState_AGENT_STATE_SIGNED_OUT || s.GetState() == campaignpb.AgentState_AGENT_STATE_UNSPECIFIED:
		_ = out.SendJSON("out", d.session(r, s)) // it ends either way
		return
	case epoch != "" && epoch != strconv.FormatInt(s.GetEpoch(), 10) && !d.has(s, name):
		_ = out.SendJSON("elsewhere", d.session(r, s))
		return
	}
	d.takes(tab{name, now.GetSession().GetEpoch(), true}, now.GetSession().GetAgentId())
	stream, err := d.agents.Work(ctx)
	if err == nil {
		err = stream.Send(&pb.WorkRequest{Action: &pb.WorkRequest_SignIn{SignIn: &pb.SignInRequest{}}})
	}
	if err != nil {
		d.trouble(r, out, err)
		return
	}
	told, ended := make(chan *pb.WorkResponse), make(chan error, 1)
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				ended <- err
				return
			}
			select {
			case told <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	d.follow(ctx, &line{desks: d, r: r, out: out, tab: name}, told, ended)
}

// line is one page that listens.
type line struct {
	*desks
	r   *http.Request
	out *page.Live
	tab string
	now *pb.Session
}

// follow tells the page what happens until it goes away, signs out, is replaced, or the stream ends: then the page comes
// back by itself.
func (d *desks) follow(ctx context.Context, l *line, told <-chan *pb.WorkResponse, ended <-chan error) {
	tick := time.NewTicker(d.beat)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err = l.out.Beat()
		case m := <-told:
			err = l.tell(m)
		case err = <-ended:
			if reasonOf(err) == campaign.ReasonSignedInAnew {
				_ = l.out.SendJSON("elsewhere", d.session(l.r, l.now)) // it ends either way
				return
			}
			d.trouble(l.r, l.out, err)
			return
		}
		if err != nil {
			return
		}
		if l.now.GetState() == campaignpb.AgentState_AGENT_STATE_SIGNED_OUT {
			_ = l.out.SendJSON("out", d.session(l.r, l.now)) // it ends either way
			return
		}
	}
}

// tell tells the page one thing.
func (l *line) tell(m *pb.WorkResponse) error {
	switch e := m.GetEvent().(type) {
	case *pb.WorkResponse_SignedIn:
		return l.signedIn(e.SignedIn)
	case *pb.WorkResponse_Session:
		l.now = e.Session
		return l.out.SendJSON("session", l.session(l.r, e.Session))
	case *pb.WorkResponse_Offer:
		return l.draw("card", "card", l.card(l.r, e.Offer, nil))
	case *pb.WorkResponse_Revoked:
		return l.out.SendJSON("revoked", map[string]string{
			"assignment": strconv.FormatInt(e.Revoked.GetAssignmentId(), 10), "said": l.said("desk_gone_", e.Revoked.GetReason(), e.Revoked.GetMessage()),
		})
	case *pb.WorkResponse_Reminder:
		return l.draw("reminder", "reminder", l.row(e.Reminder.GetCallback()))
	case *pb.WorkResponse_Notice:
		return l.out.SendJSON("notice", map[string]string{"reason": e.Notice.GetReason(), "said": l.said("desk_notice_", e.Notice.GetReason(), e.Notice.GetMessage())})
	case *pb.WorkResponse_Failure:
		said, _ := l.views.Said(l.r, e.Failure.GetMessage())
		return l.out.SendJSON("trouble", map[string]string{"said": said})
	default:
		return nil
	}
}

func (l *line) signedIn(m *pb.SignInResponse) error {
	l.now = m.GetSession()
	l.takes(tab{l.tab, l.now.GetEpoch(), false}, l.now.GetAgentId())
	if err := l.out.SendJSON("session", l.session(l.r, l.now)); err != nil {
		return err
	}
	var err error
	if m.GetCard() == nil {
		err = l.out.Send("nothing", []byte("-"))
	} else {
		err = l.draw("card", "card", l.card(l.r, m.GetCard(), l.now))
	}
	if err != nil || m.GetSession().GetState() == campaignpb.AgentState_AGENT_STATE_SIGNED_OUT {
		return err
	}
	return l.remindAgain()
}

// remindMost bounds how many promises a page is told of when it comes: those that are due first.
const remindMost = 20

// remindAgain tells a page that comes of the promises that its agent was reminded of: a reminder is sent once, and a page
// that was loaded anew or cut off in that second has not shown it. The page knows which ones the agent has seen.
func (l *line) remindAgain() error {
	m, err := l.agents.ListCallbacks(l.r.Context(), &pb.ListCallbacksRequest{PageSize: remindMost})
	if err != nil {
		l.Log.WarnContext(l.r.Context(), "the promises that are near cannot be told again", "error", err)
		return nil
	}
	for _, c := range m.GetCallbacks() {
		if !c.GetAppointment().GetReminded() {
			continue
		}
		if err := l.draw("reminder", "reminder", l.row(c)); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) draw(event, name string, data any) error {
	drawn, err := l.views.Draw(l.r, name, data)
	if err != nil {
		l.Log.ErrorContext(l.r.Context(), "a part of the desk cannot be drawn", "part", name, "error", err)
		return err
	}
	return l.out.Send(event, drawn)
}

// said is the text of a word of the API; one without a text says what the API said.
func (l *line) said(prefix, word, english string) string {
	if text, ok := l.views.Lang(l.r)[prefix+word]; ok {
		return text
	}
	text, _ := l.views.Said(l.r, english)
	return text
}

// trouble tells the page why its live part ends; it tries again by itself.
func (d *desks) trouble(r *http.Request, out *page.Live, err error) {
	if r.Context().Err() == nil {
		d.Log.InfoContext(r.Context(), "a desk's live part ends", "error", err)
		_ = out.SendJSON("trouble", map[string]string{"said": d.views.ProblemOf(r, err).Message}) // it ends either way
	}
}

// has says whether a tab is the one that this node gave the desk to by the session's last sign-in: it may not have heard
// its epoch.
func (d *desks) has(s *pb.Session, name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tabs[s.GetAgentId()]
	return name != "" && t.name == name && (t.epoch == s.GetEpoch() || t.coming && t.epoch+1 == s.GetEpoch())
}

func (d *desks) takes(t tab, agent int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tabs[agent] = t
}

// reasonOf is the stable word of an error of the API.
func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}
