package lists

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// newPage asks for a file.
type newPage struct {
	Campaign  int64 // chosen beforehand; 0: none
	Campaigns []*pb.Campaign
}

// blank shows the form that a file is dropped on.
func (p *lists) blank(w http.ResponseWriter, r *http.Request) {
	of, err := asNumber("campaign", r.URL.Query().Get("campaign"), 64)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	all, err := p.allCampaigns(r.Context())
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	data := newPage{Campaign: of}
	for _, c := range all {
		if c.GetState() != pb.CampaignState_CAMPAIGN_STATE_FINISHED {
			data.Campaigns = append(data.Campaigns, c)
		}
	}
	p.page(w, r, "lists_new", "lists_new", data)
}

// beginning is what the page's script says of a file.
type beginning struct {
	Campaign  int64  `json:"campaign"`
	FileName  string `json:"file_name"`
	RequestID string `json:"request_id"`
}

// standing is how an upload stands, to the page's script.
type standing struct {
	ID    int64  `json:"id"`
	Size  int64  `json:"size"` // bytes received: where the next piece begins
	State string `json:"state"`
	List  int64  `json:"list,omitempty"`
}

func standingOf(u *pb.Upload) standing {
	return standing{u.GetId(), u.GetSize(), word(u.GetState()), u.GetListId()}
}

func (p *lists) begin(w http.ResponseWriter, r *http.Request) {
	var b beginning
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
		p.views.Fail(w, r, status.Errorf(codes.InvalidArgument, "this is no beginning of an upload: %v", err))
		return
	}
	a, err := p.lists.BeginUpload(r.Context(), &pb.BeginUploadRequest{CampaignId: b.Campaign, FileName: shortName(b.FileName), RequestId: b.RequestID})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	page.JSON(w, http.StatusOK, standingOf(a.GetUpload()))
}

// shortName cuts a file's name to what the API takes, its ending kept: it tells what the file is.
func shortName(name string) string {
	const most, ending = 255, 16
	if len(name) <= most {
		return name
	}
	head, tail := name[:most-ending-3], name[len(name)-ending:]
	for !utf8.ValidString(head) && head != "" {
		head = head[:len(head)-1]
	}
	for !utf8.ValidString(tail) && tail != "" {
		tail = tail[1:]
	}
	return head + "…" + tail
}

func (p *lists) state(w http.ResponseWriter, r *http.Request) {
	u, err := p.upload(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	page.JSON(w, http.StatusOK, standingOf(u))
}

// upload is the one that a request's path names.
func (p *lists) upload(r *http.Request) (*pb.Upload, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	a, err := p.lists.GetUpload(r.Context(), &pb.GetUploadRequest{UploadId: id})
	return a.GetUpload(), err
}

// piece hands one piece on to the API and answers with the size received: it is on disk.
func (p *lists) piece(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	offset, err := asNumber("offset", r.URL.Query().Get("offset"), 64)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	leave, err := p.hands.take(r.Context())
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	defer leave()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		p.views.Fail(w, r, cutOff(err))
		return
	}
	got, err := p.send(r.Context(), id, offset, data)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	page.JSON(w, http.StatusOK, standing{ID: id, Size: got, State: "receiving"})
}

// cutOff is why a body could not be read.
func cutOff(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return status.Errorf(codes.InvalidArgument, "this is larger than %s: send pieces of at most 1 MiB", size(tooLarge.Limit))
	}
	return status.Error(codes.Unavailable, "the connection broke: "+err.Error())
}

// send brings one piece and answers with the size received.
func (p *lists) send(ctx context.Context, id, offset int64, data []byte) (int64, error) {
	stream, err := p.lists.Upload(ctx)
	if err != nil {
		return 0, err
	}
	if err := stream.Send(&pb.UploadRequest{UploadId: id, Offset: offset, Data: data}); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	a, err := stream.CloseAndRecv() // why a piece was refused is here
	return a.GetSize(), err
}

// form takes a file in from a browser without a script, in one request, a piece at a time: it is one piece in hand for as
// long as it comes.
func (p *lists) form(w http.ResponseWriter, r *http.Request) {
	leave, err := p.hands.take(r.Context())
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	defer leave()
	parts, err := r.MultipartReader()
	if err != nil {
		p.views.Fail(w, r, status.Error(codes.InvalidArgument, "this is no form with a file"))
		return
	}
	u, err := p.formFile(r, parts)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("/lists/uploads/%d/map", u.GetId()), http.StatusSeeOther)
}

// formFile reads a form's campaign and, after it, its file.
func (p *lists) formFile(r *http.Request, parts *multipart.Reader) (*pb.Upload, error) {
	var of int64
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, status.Error(codes.InvalidArgument, "no file was chosen: choose one")
		}
		if err != nil {
			return nil, cutOff(err)
		}
		switch part.FormName() {
		case "campaign":
			text, err := io.ReadAll(io.LimitReader(part, 32))
			if err != nil {
				return nil, cutOff(err)
			}
			if of, err = asNumber("campaign", string(text), 64); err != nil {
				return nil, err
			}
		case "file":
			if part.FileName() == "" {
				return nil, status.Error(codes.InvalidArgument, "no file was chosen: choose one")
			}
			return p.pour(r.Context(), of, part)
		}
	}
}

// pour brings a part of a form to the API as an upload; one that breaks off is dropped.
func (p *lists) pour(ctx context.Context, of int64, part *multipart.Part) (*pb.Upload, error) {
	a, err := p.lists.BeginUpload(ctx, &pb.BeginUploadRequest{CampaignId: of, FileName: shortName(part.FileName())})
	if err != nil {
		return nil, err
	}
	id, at, buf := a.GetUpload().GetId(), int64(0), make([]byte, pieceMost)
	for {
		n, err := io.ReadFull(part, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err == nil || last {
			err = nil
			if n > 0 {
				at, err = p.send(ctx, id, at, buf[:n])
			}
		} else {
			err = cutOff(err)
		}
		if err != nil {
			_, _ = p.lists.DiscardUpload(context.WithoutCancel(ctx), &pb.DiscardUploadRequest{UploadId: id}) // what stays is dropped with age
			return nil, err
		}
		if last {
			return a.GetUpload(), nil
		}
	}
}

// discard drops an upload.
func (p *lists) discard(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err == nil {
		_, err = p.lists.DiscardUpload(r.Context(), &pb.DiscardUploadRequest{UploadId: id})
	}
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	to := "/lists/new"
	if of, err := strconv.ParseInt(r.URL.Query().Get("campaign"), 10, 64); err == nil {
		to += "?campaign=" + strconv.FormatInt(of, 10)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
