package storetest

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

func init() { cases = append(cases, listCases...) }

var listCases = []testCase{
	{"I7 an undo withdraws what was never called and keeps the rest", undo},
	{"I6 an undo cancels the promises of what it withdraws", undoPromises},
	{"a list switched off takes cards back, promises stand", switchOff},
	{"an undone list's numbers can be imported again", undoAndAgain},
	{"I2 an upload goes on where it broke off", pieces},
	{"I2 an upload is begun once for a request id", beginOnce},
	{"I12 bad uploads are told and change nothing", badUploads},
	{"an upload is read as it was sent", readUpload},
	{"one node imports an upload, another goes on when it dies", takeUploads},
	{"I7 an import killed between batches loses and doubles nothing", killedImport},
}

func asError(err error) *campaign.Error {
	e, _ := errors.AsType[*campaign.Error](err)
	return e
}

func undo(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	id, leads := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}, []campaign.Phone{phone(3)}, []campaign.Phone{phone(4), phone(5)})
	one, two, three := b.agent(), b.agent(), b.agent()
	b.call(one, campaign.NoAnswer, leads[0])
	inHand := b.dial(two, leads[1])
	card := b.claim(three, leads[2])
	l, withdrawn, kept, err := b.s.UndoImport(ctx, id)
	b.ok(err)
	if l.State != campaign.ListUndone || withdrawn != 2 || kept != 2 || withdrawn+kept != l.Tally.Leads {
		b.Errorf("list %s, %d withdrawn, %d kept of %d", l.State, withdrawn, kept, l.Tally.Leads)
	}
	for i, want := range []campaign.LeadState{campaign.LeadOpen, campaign.LeadHeld, campaign.LeadWithdrawn, campaign.LeadWithdrawn} {
		b.state(leads[i], want)
	}
	_, err = b.s.StartCall(ctx, card.ID, three)
	b.refused(err, campaign.KindUnready, campaign.ReasonLeaseExpired)
	must[campaign.Recorded](b)(b.s.Conclude(ctx, result(inHand, campaign.Success)))
	if found := must[[]campaign.LeadID](b)(b.s.FindByNumber(ctx, phone(5))); len(found) != 0 {
		b.Errorf("a withdrawn lead is found by its number: %v", found)
	}
	_, again, stay, err := b.s.UndoImport(ctx, id)
	b.ok(err)
	if again != withdrawn || stay != kept {
		b.Errorf("again: %d withdrawn, %d kept", again, stay)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE type = 'list_undone'`); n != 1 {
		b.Errorf("%d events list_undone", n)
	}
}

func undoPromises(b *bundle) {
	c, leads := b.promising(2)
	list := b.lead(leads[0]).ListID
	_, withdrawn, _, err := b.s.UndoImport(b.Context(), list)
	b.ok(err)
	ps := must[[]campaign.Appointment](b)(b.s.Appointments(b.Context(), leads[0]))
	if withdrawn != 2 || len(ps) != 1 || ps[0].State != campaign.AppointmentCancelled || ps[0].Reason != "list_undone" {
		b.Errorf("%d withdrawn of campaign %d, promises %+v", withdrawn, c.ID, ps)
	}
}

func switchOff(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	leads := b.some(c, 2)
	list := b.lead(leads[0]).ListID
	must[campaign.Appointment](b)(b.s.Book(ctx, leads[1], campaign.Booking{Local: local(b.s.Now().Add(48 * time.Hour)), Zone: "Asia/Shanghai"}, 0, "test"))
	b.claim(b.agent(), leads[0])
	l, revoked, err := b.s.SwitchOff(ctx, list)
	b.ok(err)
	if l.On || revoked != 1 {
		b.Errorf("on: %v, %d cards taken back", l.On, revoked)
	}
	b.state(leads[0], campaign.LeadOpen)
	if p := must[*campaign.Appointment](b)(b.s.OpenPromise(ctx, leads[1])); p == nil {
		b.Error("the promise is gone")
	}
	if l := must[campaign.List](b)(b.s.SwitchOn(ctx, list)); !l.On {
		b.Error("still off")
	}
	if l := must[campaign.List](b)(b.s.SetPriority(ctx, list, 7)); l.Priority != 7 {
		b.Errorf("priority %d", l.Priority)
	}
	_, _, err = b.s.SwitchOff(ctx, 999)
	b.refused(err, campaign.KindNotFound, "")
}

func undoAndAgain(b *bundle) {
	c := b.campaign(nil)
	id, _ := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)})
	_, _, _, err := b.s.UndoImport(b.Context(), id)
	b.ok(err)
	if _, leads := b.list(c, []campaign.Phone{phone(1)}, []campaign.Phone{phone(2)}); len(leads) != 2 {
		b.Errorf("%d leads of the mended file", len(leads))
	}
}

func (b *bundle) upload(c campaign.Campaign) campaign.Upload {
	b.Helper()
	return must[campaign.Upload](b)(b.s.BeginUpload(b.Context(), campaign.Upload{CampaignID: c.ID, FileName: "list.csv"}, ""))
}

func pieces(b *bundle) {
	ctx := b.Context()
	u := b.upload(b.campaign(nil))
	size := must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("name,phone\n")))
	if again := must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("name,phone\n"))); again != size {
		b.Errorf("the same piece again made %d bytes of %d", again, size)
	}
	for _, wrong := range []int64{5, size + 1} {
		_, err := b.s.AppendPiece(ctx, u.ID, wrong, []byte("x"))
		b.refused(err, campaign.KindConflict, campaign.ReasonWrongOffset)
		if asError(err).Meta["size"] != "11" {
			b.Errorf("metadata %v does not say where to go on", asError(err).Meta)
		}
	}
	other := b.open() // a restarted server
	if u := must[campaign.Upload](b)(other.UploadByID(ctx, u.ID)); u.Size != size || u.State != campaign.UploadReceiving {
		b.Errorf("upload %+v", u)
	}
	must[int64](b)(other.AppendPiece(ctx, u.ID, size, []byte("a,1\n")))
	_, err := b.s.CommitUpload(ctx, u.ID, nil, 99)
	b.refused(err, campaign.KindUnready, "WRONG_SIZE")
	first := must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, &campaign.ImportOptions{ListName: "mine", Priority: 3}, 15))
	second := must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, nil, 15))
	if first.ListID == 0 || second.ListID != first.ListID || second.Options.ListName != "mine" {
		b.Errorf("committed %+v, and again %+v", first, second)
	}
	if l := must[campaign.List](b)(b.s.List(ctx, first.ListID)); l.State != campaign.ListLoading || l.Name != "mine" || l.Priority != 3 {
		b.Errorf("list %+v", l)
	}
	_, err = b.s.AppendPiece(ctx, u.ID, 15, []byte("late"))
	b.refused(err, campaign.KindUnready, campaign.ReasonBadState)
	b.refused(b.s.DiscardUpload(ctx, u.ID), campaign.KindUnready, campaign.ReasonBadState)
}

func beginOnce(b *bundle) {
	ctx := b.Context()
	c, other := b.campaign(nil), b.campaign(nil)
	ids := make([]campaign.UploadID, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			u, err := b.s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "a"}, "request-1")
			if err != nil {
				b.Error(err)
			}
			ids[i] = u.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			b.Errorf("one request id made uploads %v", ids)
		}
	}
	_, err := b.s.BeginUpload(ctx, campaign.Upload{CampaignID: other.ID, FileName: "a"}, "request-1")
	b.refused(err, campaign.KindConflict, "")
	if u := b.upload(c); u.ID == ids[0] {
		b.Error("no request id gave an upload of before")
	}
}

func badUploads(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	_, err := b.s.BeginUpload(ctx, campaign.Upload{CampaignID: 99, FileName: "a"}, "")
	b.refused(err, campaign.KindNotFound, "")
	_, err = b.s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: " "}, "")
	b.names(err, "file_name")
	_, err = b.s.BeginUpload(ctx, campaign.Upload{CampaignID: c.ID, FileName: "a", Options: campaign.ImportOptions{Region: "ZZ", Zone: "x", Header: "maybe"}}, "")
	for _, field := range []string{"options.region", "options.zone", "options.header"} {
		b.names(err, field)
	}
	u := b.upload(c)
	_, err = b.s.CommitUpload(ctx, u.ID, nil, 0)
	b.names(err, "file")
	_, err = b.s.AppendPiece(ctx, u.ID, 0, make([]byte, store.MaxPiece+1))
	b.names(err, "data")
	b.ok(b.s.DiscardUpload(ctx, u.ID))
	_, err = b.s.UploadByID(ctx, u.ID)
	b.refused(err, campaign.KindNotFound, "")
	if n := b.count(`SELECT count(*) FROM uploads`) + b.count(`SELECT count(*) FROM lists`); n != 0 {
		b.Errorf("%d uploads and lists are left", n)
	}
}

func readUpload(b *bundle) {
	ctx := b.Context()
	u := b.upload(b.campaign(nil))
	var whole []byte
	for i := range 20 {
		part := bytes.Repeat([]byte{byte('a' + i)}, 100+i*7)
		must[int64](b)(b.s.AppendPiece(ctx, u.ID, int64(len(whole)), part))
		whole = append(whole, part...)
	}
	f := must[*store.UploadFile](b)(b.s.UploadReader(ctx, u.ID))
	got := must[[]byte](b)(io.ReadAll(io.NewSectionReader(f, 0, f.Size())))
	if !bytes.Equal(got, whole) {
		b.Errorf("%d bytes read of %d, or others", len(got), len(whole))
	}
	for _, at := range []int{1999, 3, 777, 2500, 0, 1200} {
		p := make([]byte, 300)
		if n, err := f.ReadAt(p, int64(at)); err != nil || !bytes.Equal(p[:n], whole[at:at+300]) {
			b.Errorf("at %d: %d bytes, %v", at, n, err)
		}
	}
	if n, err := f.ReadAt(make([]byte, 10), f.Size()-4); n != 4 || err != io.EOF { //nolint:errorlint // io.ReaderAt promises io.EOF itself
		b.Errorf("over the end: %d bytes, %v", n, err)
	}
}

func takeUploads(b *bundle) {
	ctx := b.Context()
	c := b.campaign(nil)
	u := b.upload(c)
	must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("x")))
	if got := must[*campaign.Upload](b)(b.s.TakeUpload(ctx, "n1", time.Minute)); got != nil {
		b.Errorf("an upload that was not committed is taken: %+v", got)
	}
	must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, nil, 1))
	if got := must[*campaign.Upload](b)(b.s.TakeUpload(ctx, "n1", time.Minute)); got == nil || got.ID != u.ID {
		b.Fatalf("took %+v", got)
	}
	if got := must[*campaign.Upload](b)(b.s.TakeUpload(ctx, "n2", time.Minute)); got != nil {
		b.Error("two nodes took one upload")
	}
	b.wait(50 * time.Second)
	b.ok(b.s.HoldUpload(ctx, u.ID, "n1", time.Minute))
	b.wait(50 * time.Second)
	if got := must[*campaign.Upload](b)(b.s.TakeUpload(ctx, "n2", time.Minute)); got != nil {
		b.Error("taken though it is held")
	}
	b.wait(20 * time.Second)
	if got := must[*campaign.Upload](b)(b.s.TakeUpload(ctx, "n2", time.Minute)); got == nil {
		b.Error("nobody goes on with a dead node's upload")
	}
	b.refused(b.s.HoldUpload(ctx, u.ID, "n1", time.Minute), campaign.KindConflict, campaign.ReasonLeaseExpired)
	if all := must[[]campaign.Upload](b)(b.s.QueuedUploads(ctx)); len(all) != 1 {
		b.Errorf("%d queued", len(all))
	}
}

// killedImport repeats a batch that was acknowledged, and one that was not, from another node.
func killedImport(b *bundle) {
	ctx := b.Context()
	u := b.upload(b.campaign(nil))
	must[int64](b)(b.s.AppendPiece(ctx, u.ID, 0, []byte("x")))
	u = must[campaign.Upload](b)(b.s.CommitUpload(ctx, u.ID, nil, 1))
	batch := func(from, n int) campaign.ImportBatch {
		in := campaign.ImportBatch{Upload: u.ID, List: u.ListID, RowsDone: int64(from + n)}
		for i := from; i < from+n; i++ {
			in.Drafts = append(in.Drafts, campaign.Draft{Line: i + 2, Zones: []string{"Asia/Shanghai"}, Numbers: []campaign.Number{{Phone: phone(i)}}})
		}
		return in
	}
	must[campaign.Tally](b)(b.s.ImportRows(ctx, batch(0, 40)))
	other := b.open()
	for range 2 {
		for from := 0; from < 120; from += 40 {
			must[campaign.Tally](b)(other.ImportRows(ctx, batch(from, 40)))
		}
	}
	done := must[campaign.Upload](b)(other.FinishImport(ctx, u.ID))
	if want := (campaign.Tally{Rows: 120, Leads: 120}); done.Tally != want || done.RowsDone != 120 {
		b.Errorf("tally %+v after %d rows", done.Tally, done.RowsDone)
	}
	if n := b.count(`SELECT count(*) FROM leads`); n != 120 {
		b.Errorf("%d leads", n)
	}
}
