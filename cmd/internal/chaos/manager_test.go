package chaos

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	campaignpb "redial/proto/campaign/v1"
)

// manager makes campaigns, brings lists in, in pieces and over breaking connections, and pauses and starts.
type manager struct {
	*caller
	files int
}

func (m *manager) create(d *drive) {
	got, err := ask(m.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.CreateCampaignResponse, error) {
		return campaignpb.NewCampaignServiceClient(conn).CreateCampaign(ctx, &campaignpb.CreateCampaignRequest{Campaign: d.campaign()})
	})
	m.w.must(err)
	d.id = got.GetCampaign().GetId()
	m.w.campaigns = append(m.w.campaigns, d)
}

// work brings lists in and pauses the last campaign, by turns.
func (m *manager) work(rows int, every time.Duration) {
	for n := 0; !m.w.done(); n++ {
		d := m.w.campaigns[n%len(m.w.campaigns)]
		m.bring(d, rows)
		m.rest(m.w.campaigns[len(m.w.campaigns)-1].id)
		select {
		case <-time.After(every):
		case <-m.w.over:
		}
	}
}

// bring sends a file in and commits it; that its leads are there is asked at the end.
func (m *manager) bring(d *drive, rows int) *imported {
	text, want := d.phones.file(rows)
	m.files++
	want.campaign = d.id
	begun, err := ask(m.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.BeginUploadResponse, error) {
		return campaignpb.NewListServiceClient(conn).BeginUpload(ctx, &campaignpb.BeginUploadRequest{
			CampaignId: d.id, FileName: fmt.Sprintf("list-%d.csv", m.files), RequestId: fmt.Sprintf("chaos-%d", m.files),
		})
	})
	if err != nil {
		m.w.breach(0, "I2: an upload could not be begun: %v", err)
		return nil
	}
	want.upload = begun.GetUpload().GetId()
	for size := int64(0); size < int64(len(text)); {
		if size, err = m.piece(want.upload, text, size); err != nil {
			m.w.breach(0, "I2: upload %d broke off at %d: %v", want.upload, size, err)
			return nil
		}
	}
	done, err := ask(m.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.CommitUploadResponse, error) {
		return campaignpb.NewListServiceClient(conn).CommitUpload(ctx, &campaignpb.CommitUploadRequest{UploadId: want.upload, Size: int64(len(text))})
	})
	if err != nil {
		m.w.breach(0, "I2: upload %d could not be committed: %v", want.upload, err)
		return nil
	}
	want.list, want.committed = done.GetUpload().GetListId(), true
	m.w.book.with(func() { m.w.book.imports = append(m.w.book.imports, &want) })
	return &want
}

// piece sends a part of the file from where the server has it; what was acknowledged before must still be there.
func (m *manager) piece(upload int64, text string, from int64) (size int64, err error) {
	end := min(from+max(int64(1000+m.rng.IntN(4000)), int64(len(text)/8)), int64(len(text)))
	return ask(m.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (int64, error) {
		lists := campaignpb.NewListServiceClient(conn)
		has, err := lists.GetUpload(ctx, &campaignpb.GetUploadRequest{UploadId: upload})
		if err != nil {
			return from, err
		}
		if has.GetUpload().GetSize() < from {
			m.w.breach(0, "I2: upload %d had %d bytes, now it has %d", upload, from, has.GetUpload().GetSize())
		}
		up, err := lists.Upload(ctx)
		if err != nil {
			return from, err
		}
		at := min(has.GetUpload().GetSize(), end)
		if err := up.Send(&campaignpb.UploadRequest{UploadId: upload, Offset: at, Data: []byte(text[at:end])}); err != nil {
			_, err = up.CloseAndRecv()
			return from, err
		}
		got, err := up.CloseAndRecv()
		return max(got.GetSize(), from), err
	})
}

// rest pauses a campaign for a moment.
func (m *manager) rest(id int64) {
	_, err := ask(m.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.PauseCampaignResponse, error) {
		return campaignpb.NewCampaignServiceClient(conn).PauseCampaign(ctx, &campaignpb.PauseCampaignRequest{Id: id})
	})
	if err != nil {
		m.w.breach(0, "campaign %d could not be paused: %v", id, err)
		return
	}
	p := &interval{campaign: id, from: time.Now()}
	m.w.book.with(func() { m.w.book.pauses = append(m.w.book.pauses, p) })
	pause(300 * time.Millisecond)
	m.w.book.with(func() { p.end = time.Now() })
	m.start(id)
}

func (m *manager) start(id int64) {
	_, err := ask(m.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.StartCampaignResponse, error) {
		return campaignpb.NewCampaignServiceClient(conn).StartCampaign(ctx, &campaignpb.StartCampaignRequest{Id: id})
	})
	if err != nil {
		m.w.breach(0, "campaign %d could not be started: %v", id, err)
	}
}

// list is how an import stands.
func (m *manager) list(id int64) (*campaignpb.List, error) {
	got, err := ask(m.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.GetListResponse, error) {
		return campaignpb.NewListServiceClient(conn).GetList(ctx, &campaignpb.GetListRequest{Id: id})
	})
	return got.GetList(), err
}
