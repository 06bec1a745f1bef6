package store

import (
	"testing"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// Whoever reads an upload while PostgreSQL goes away is told to come again, and who reads one that is over, that it is.
func TestAnUploadIsReadOnceMoreWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	db := testserver.NewPostgres(t, false)
	b := openBench(t, db.Database(t))
	u := must[campaign.Upload](t)(b.BeginUpload(t.Context(), campaign.Upload{CampaignID: b.campaign(t, "spring").ID, FileName: "a.csv"}, "r"))
	must[int64](t)(b.AppendPiece(t.Context(), u.ID, 0, []byte("phone\n")))
	read := func(f *UploadFile) error {
		_, err := f.ReadAt(make([]byte, f.Size()), 0)
		return err
	}
	open := func() *UploadFile { return must[*UploadFile](t)(b.UploadReader(t.Context(), u.ID)) }
	f := open()
	db.Stop()
	if err := read(f); campaign.KindOf(err) != campaign.KindAway {
		t.Errorf("while it is stopped: %v", err)
	}
	if err := db.Start(); err != nil {
		t.Fatal(err)
	}
	if err := read(f); err != nil {
		t.Errorf("after its return: %v", err)
	}
	f = open()
	must[campaign.Upload](t)(b.CommitUpload(t.Context(), u.ID, nil, 6))
	must[campaign.Upload](t)(b.FailUpload(t.Context(), u.ID, "dropped"))
	if err := read(f); campaign.ReasonOf(err) != campaign.ReasonBadState {
		t.Errorf("when the import is over: %v", err)
	}
}
