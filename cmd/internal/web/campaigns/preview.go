package campaigns

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/grpc"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

const examples = 8 // leads shown of what a change moves

// effectData is what a change of the rules would move.
type effectData struct {
	*schedulerv1.RulesEffect
	Zone    string
	Current bool // nobody changed the campaign since the form was drawn
}

// Share is a part of the leads that wait, as a width of 100.
func (e effectData) Share(n int64) string {
	return strconv.FormatFloat(100*float64(n)/float64(max(1, e.GetWaiting())), 'f', 2, 64)
}

// preview says what the rules of a form would move: as events with the progress where a script asked, which ends it by
// going away, else as the form's page with the result.
func (p *pages) preview(w http.ResponseWriter, r *http.Request) {
	f, ok := p.posted(w, r)
	if !ok {
		return
	}
	now, err := p.current(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	mine := f.read()
	d := formData{form: f, ID: now.GetId(), Was: now.GetName()}
	var stream grpc.ServerStreamingClient[schedulerv1.PreviewRulesResponse]
	if f.Sound() {
		stream, err = p.schedule.PreviewRules(r.Context(), &schedulerv1.PreviewRulesRequest{CampaignId: now.GetId(), Rules: mine.GetRules(), Examples: examples})
		if err != nil {
			p.views.Fail(w, r, err)
			return
		}
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		p.previewLive(w, r, stream, mine, d)
		return
	}
	if stream != nil {
		d.Effect, err = p.effect(stream, mine, func(progress) error { return nil })
		if err != nil && !p.refused(w, r, &d, err) {
			return
		}
	}
	code := http.StatusOK
	if d.Effect == nil {
		code = http.StatusBadRequest
	}
	p.form(w, r, code, d, mine)
}

// effect follows a preview to its result.
func (p *pages) effect(stream grpc.ServerStreamingClient[schedulerv1.PreviewRulesResponse], mine *pb.Campaign, tell func(progress) error) (*effectData, error) {
	var result *schedulerv1.RulesEffect
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := tell(progress{m.GetDone(), m.GetTotal()}); err != nil {
			return nil, err
		}
		if m.GetResult() != nil {
			result = m.GetResult()
		}
	}
	if result == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return &effectData{RulesEffect: result, Zone: mine.GetZone(), Current: result.GetVersion() == mine.GetVersion()}, nil
}

func (p *pages) previewLive(w http.ResponseWriter, r *http.Request, stream grpc.ServerStreamingClient[schedulerv1.PreviewRulesResponse], mine *pb.Campaign, d formData) {
	out := page.NewLive(w, r)
	if stream != nil {
		effect, err := p.effect(stream, mine, func(at progress) error { return out.SendJSON("progress", at) })
		if r.Context().Err() != nil {
			return
		}
		d.Effect = effect
		if err != nil {
			problem := p.views.ProblemOf(r, err)
			d.Problem = &problem
			d.blame(problem)
		}
	}
	d.translate(p.views.Lang(r))
	raw, err := p.views.Draw(r, "effect", d)
	if err != nil {
		p.log.ErrorContext(r.Context(), "a preview cannot be drawn", "error", err)
		return
	}
	_ = out.Send("result", raw) // whoever went away needs no result
}
