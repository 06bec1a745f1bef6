package lists

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// progressPage shows an import on its way.
type progressPage struct {
	Upload  *pb.Upload
	Manages bool
}

// progress shows how far an import is; one that is done is shown as its list.
func (p *lists) progress(w http.ResponseWriter, r *http.Request) {
	u, err := p.upload(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	switch u.GetState() {
	case pb.UploadState_UPLOAD_STATE_RECEIVING:
		http.Redirect(w, r, fmt.Sprintf("/lists/uploads/%d/map", u.GetId()), http.StatusSeeOther)
	case pb.UploadState_UPLOAD_STATE_DONE:
		http.Redirect(w, r, fmt.Sprintf("/lists/%d", u.GetListId()), http.StatusSeeOther)
	default:
		p.page(w, r, "lists_progress", "lists_progress", progressPage{u, manages(r)})
	}
}

// moving is an import at an instant, to the page's script.
type moving struct {
	State      string `json:"state"`
	List       int64  `json:"list"`
	Rows       int64  `json:"rows"`
	Bytes      int64  `json:"bytes"` // of the file that were read
	Size       int64  `json:"size"`  // bytes of the file
	Leads      int64  `json:"leads"`
	Problems   int64  `json:"problems"`
	Duplicates int64  `json:"duplicates"`
}

func movingOf(u *pb.Upload) moving {
	t := u.GetTally()
	return moving{
		State: word(u.GetState()), List: u.GetListId(), Rows: u.GetRowsDone(), Bytes: u.GetBytesDone(), Size: u.GetSize(),
		Leads: t.GetLeads(), Problems: t.GetProblems(), Duplicates: t.GetDuplicates(),
	}
}

// live follows an import until it is over, its reader goes away, or the server stops.
func (p *lists) live(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stream, err := p.lists.WatchImport(ctx, &pb.WatchImportRequest{UploadId: id})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	first, err := stream.Recv()
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	out, news := page.NewLive(w, r), make(chan *pb.Upload)
	go follow(ctx, stream, news)
	beat := time.NewTicker(page.BeatEvery)
	defer beat.Stop()
	for u, ok := first.GetUpload(), true; ok; {
		if out.SendJSON("import", movingOf(u)) != nil {
			return
		}
		for idle := true; idle; {
			select {
			case u, ok = <-news:
				idle = false
			case <-beat.C:
				if out.Beat() != nil {
					return
				}
			}
		}
	}
}

// follow hands on what a stream tells, and closes news when it ends: the page asks again by itself.
func follow(ctx context.Context, stream grpc.ServerStreamingClient[pb.WatchImportResponse], news chan<- *pb.Upload) {
	defer close(news)
	for {
		m, err := stream.Recv()
		if err != nil {
			return
		}
		select {
		case news <- m.GetUpload():
		case <-ctx.Done():
			return
		}
	}
}
