package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

const (
	pieceSize = 256 << 10 // of one message
	runSize   = 8 << 20   // of one stream: what is sent again at most when the connection breaks
	tries     = 6         // a broken connection in a row, before the user is told
)

// upload is a file on its way to the server. Its request id comes from the file, the campaign and the options, so
// that the same command goes on with what it began, after a broken connection or a restart of either side.
type upload struct {
	c        *cli
	lists    pb.ListServiceClient
	file     *os.File
	size     int64
	campaign int64
	name     string
	options  *pb.ImportOptions
	pause    func(ctx context.Context, n int) error // before the n-th try again; nil: n seconds
}

// whole takes the file in and waits until its leads are there, or the file is refused.
func (u *upload) whole(ctx context.Context) (*pb.Upload, error) {
	state, err := u.begin(ctx, "")
	if err != nil {
		return nil, err
	}
	if state.GetState() == pb.UploadState_UPLOAD_STATE_RECEIVING {
		if state, err = u.send(ctx, state); err != nil {
			return nil, err
		}
		answer, err := u.lists.CommitUpload(ctx, &pb.CommitUploadRequest{UploadId: state.GetId(), Size: u.size})
		if err != nil {
			return nil, fmt.Errorf("commit the upload: %w", err)
		}
		state = answer.GetUpload()
	}
	return u.watch(ctx, state)
}

// preview sends the file, reads what an import would do, and drops the upload.
func (u *upload) preview(ctx context.Context) (*pb.PreviewImportResponse, error) {
	state, err := u.begin(ctx, "dry-")
	if err != nil {
		return nil, err
	}
	if state, err = u.send(ctx, state); err != nil {
		return nil, err
	}
	answer, err := u.lists.PreviewImport(ctx, &pb.PreviewImportRequest{UploadId: state.GetId(), Whole: true})
	if _, drop := u.lists.DiscardUpload(context.WithoutCancel(ctx), &pb.DiscardUploadRequest{UploadId: state.GetId()}); err == nil {
		err = drop
	}
	return answer, err
}

// begin opens the upload, or finds it again. One that is over already is history: the same file is then taken in
// once more, and its rows turn out to be duplicates.
func (u *upload) begin(ctx context.Context, prefix string) (*pb.Upload, error) {
	base, err := u.requestID()
	if err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		id := prefix + base
		if n > 1 {
			id += "-" + strconv.Itoa(n)
		}
		answer, err := u.lists.BeginUpload(ctx, &pb.BeginUploadRequest{
			CampaignId: u.campaign, FileName: u.name, Options: u.options, RequestId: id,
		})
		if err != nil {
			return nil, err
		}
		state := answer.GetUpload()
		switch state.GetState() {
		case pb.UploadState_UPLOAD_STATE_DONE, pb.UploadState_UPLOAD_STATE_FAILED:
			if n == 1 && prefix == "" {
				u.c.note("this file was imported before, as list %d: taking it in once more", state.GetListId())
			}
			continue
		default:
		}
		if state.GetSize() > 0 {
			u.c.note("going on with an upload that broke off after %d of %d bytes", state.GetSize(), u.size)
		}
		return state, nil
	}
}

// requestID is the same for the same file, campaign and options.
func (u *upload) requestID() (string, error) {
	h := sha256.New()
	options, err := proto.MarshalOptions{Deterministic: true}.Marshal(u.options)
	if err != nil {
		return "", fmt.Errorf("name the upload: %w", err)
	}
	fmt.Fprintf(h, "%d %q %q\n", u.campaign, u.name, options)
	n, err := io.Copy(h, io.NewSectionReader(u.file, 0, u.size))
	if err != nil {
		return "", fmt.Errorf("read the list: %w", err)
	}
	if n != u.size {
		return "", fmt.Errorf("read the list: %d bytes of %d: is somebody still writing it?", n, u.size)
	}
	return hex.EncodeToString(h.Sum(nil)[:20]), nil
}

// send brings the file to the server from where it is, over as many connections as that takes.
func (u *upload) send(ctx context.Context, state *pb.Upload) (*pb.Upload, error) {
	bar := u.bar("sending", u.size)
	defer finish(bar)
	at, broken := state.GetSize(), 0
	for at < u.size {
		size, err := u.run(ctx, state.GetId(), at, bar)
		if err == nil {
			at, broken = size, 0
			continue
		}
		if broken++; broken >= tries || !worthTrying(err) {
			return nil, fmt.Errorf("send the list: %w", err)
		}
		if err := u.wait(ctx, broken); err != nil {
			return nil, err
		}
		again, err := u.lists.GetUpload(ctx, &pb.GetUploadRequest{UploadId: state.GetId()})
		if err == nil {
			at = again.GetUpload().GetSize()
		}
	}
	return state, nil
}

// worthTrying says whether an error may pass by itself.
func worthTrying(err error) bool {
	kind := campaign.KindOf(err)
	return kind == campaign.KindAway || kind == campaign.KindExhausted || campaign.ReasonOf(err) == campaign.ReasonWrongOffset
}

func (u *upload) wait(ctx context.Context, n int) error {
	if u.pause != nil {
		return u.pause(ctx, n)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(n) * time.Second):
		return nil
	}
}

// run sends pieces over one stream and answers the size that the server has.
func (u *upload) run(ctx context.Context, id, at int64, bar *progressbar.ProgressBar) (int64, error) {
	stream, err := u.lists.Upload(ctx)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, pieceSize)
	for end := min(at+runSize, u.size); at < end; {
		n, err := u.file.ReadAt(buf[:min(pieceSize, end-at)], at)
		if n == 0 {
			return 0, fmt.Errorf("read the list: %w", err)
		}
		if err := stream.Send(&pb.UploadRequest{UploadId: id, Offset: at, Data: buf[:n]}); err != nil {
			break // why is in the answer
		}
		at += int64(n)
		advance(bar, at)
	}
	answer, err := stream.CloseAndRecv()
	return answer.GetSize(), err
}

// watch waits until the import is over.
func (u *upload) watch(ctx context.Context, state *pb.Upload) (*pb.Upload, error) {
	bar := u.bar("importing", u.size)
	defer finish(bar)
	broken := 0
	for !over(state) {
		latest, err := u.follow(ctx, state.GetId(), bar)
		if latest != nil {
			state, broken = latest, 0
		}
		if err == nil || over(state) {
			continue
		}
		if broken++; broken >= tries || !worthTrying(err) {
			return nil, fmt.Errorf("watch the import of %s, which goes on without you: %w", u.name, err)
		}
		if err := u.wait(ctx, broken); err != nil {
			return nil, err
		}
	}
	return state, nil
}

func over(state *pb.Upload) bool {
	return state.GetState() == pb.UploadState_UPLOAD_STATE_DONE || state.GetState() == pb.UploadState_UPLOAD_STATE_FAILED
}

// follow is the last state that one stream told; nil when it told none.
func (u *upload) follow(ctx context.Context, id int64, bar *progressbar.ProgressBar) (*pb.Upload, error) {
	stream, err := u.lists.WatchImport(ctx, &pb.WatchImportRequest{UploadId: id})
	if err != nil {
		return nil, err
	}
	var last *pb.Upload
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			if last == nil || !over(last) { // the server stops: ask the next one
				return last, &campaign.Error{Kind: campaign.KindAway, Message: "the stream ended before the import"}
			}
			return last, nil
		}
		if err != nil {
			return last, err
		}
		last = m.GetUpload()
		advance(bar, last.GetBytesDone())
	}
}

// bar is a progress bar on a terminal; nil elsewhere.
func (u *upload) bar(what string, size int64) *progressbar.ProgressBar {
	if !u.c.terminal || u.c.json || size == 0 {
		return nil
	}
	return progressbar.NewOptions64(size, progressbar.OptionSetWriter(u.c.stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
}

func advance(bar *progressbar.ProgressBar, to int64) {
	if bar != nil {
		_ = bar.Set64(to) // a bar that cannot be drawn harms nobody
	}
}

func finish(bar *progressbar.ProgressBar) {
	if bar != nil {
		_ = bar.Finish() // as above
	}
}
