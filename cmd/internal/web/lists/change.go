package lists

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	pb "redial/proto/campaign/v1"
)

// change does something to the list in a request's path, and shows the list again with what was done. did answers the
// key of a text that says so and the numbers that belong into it.
func (p *lists) change(w http.ResponseWriter, r *http.Request, do func(ctx context.Context, id int64) (did string, numbers []int64, err error)) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		p.views.Fail(w, r, cutOff(err))
		return
	}
	did, numbers, err := do(r.Context(), id)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	q := url.Values{"did": {did}}
	for _, n := range numbers {
		q.Add("n", strconv.FormatInt(n, 10))
	}
	http.Redirect(w, r, fmt.Sprintf("/lists/%d?%s", id, q.Encode()), http.StatusSeeOther)
}

func (p *lists) setPriority(w http.ResponseWriter, r *http.Request) {
	p.change(w, r, func(ctx context.Context, id int64) (string, []int64, error) {
		n, err := asNumber("priority", strings.TrimSpace(r.PostForm.Get("priority")), 32)
		if err != nil {
			return "", nil, err
		}
		_, err = p.lists.SetPriority(ctx, &pb.SetPriorityRequest{ListId: id, Priority: int32(n)})
		return "priority", []int64{n}, err
	})
}

func (p *lists) switchOn(w http.ResponseWriter, r *http.Request) {
	p.change(w, r, func(ctx context.Context, id int64) (string, []int64, error) {
		_, err := p.lists.SwitchOn(ctx, &pb.SwitchOnRequest{ListId: id})
		return "on", nil, err
	})
}

func (p *lists) switchOff(w http.ResponseWriter, r *http.Request) {
	p.change(w, r, func(ctx context.Context, id int64) (string, []int64, error) {
		a, err := p.lists.SwitchOff(ctx, &pb.SwitchOffRequest{ListId: id})
		return "off", []int64{a.GetRevoked()}, err
	})
}

func (p *lists) undo(w http.ResponseWriter, r *http.Request) {
	p.change(w, r, func(ctx context.Context, id int64) (string, []int64, error) {
		a, err := p.lists.UndoImport(ctx, &pb.UndoImportRequest{ListId: id})
		return "undone", []int64{a.GetWithdrawn(), a.GetKept()}, err
	})
}

func (p *lists) setHours(w http.ResponseWriter, r *http.Request) {
	p.change(w, r, func(ctx context.Context, id int64) (string, []int64, error) {
		version, err := asNumber("version", r.PostForm.Get("version"), 64)
		if err != nil {
			return "", nil, err
		}
		_, err = p.lists.SetHours(ctx, &pb.SetHoursRequest{Id: id, Version: version, Hours: windowsOf(r.PostForm), Calendars: r.PostForm["calendar"]})
		return "hours", nil, err
	})
}

// windowsOf are the windows of a form; one of which nothing is filled in is left out.
func windowsOf(q url.Values) []*pb.Window {
	const most = 200 // rows of the form
	var out []*pb.Window
	for i := range most {
		n := strconv.Itoa(i)
		w := &pb.Window{Days: q["d"+n], Open: q.Get("o" + n), Close: q.Get("e" + n)}
		if w.Close == "00:00" {
			w.Close = "24:00"
		}
		if len(w.Days) > 0 || w.GetOpen() != "" || w.GetClose() != "" {
			out = append(out, w)
		}
	}
	return out
}
