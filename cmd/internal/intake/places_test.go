package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// What a row tells of the law that holds for it reaches the record: places of its address and of each number, the zones
// of a number elsewhere, the account, and a consent with its proof.
func TestPlacesAccountsAndConsentsReachTheRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.imported(t, "loans.csv", []byte("Loan No,Lead ID,Name,Phone,Alt Phone,State,Country,Consent,Consent At,Consent Proof,Consent Purpose\n"+
		"LN-1,x1,Ada Quill,+13055550101,+442079460018,Georgia,USA,\"contact,hours\",2026-01-31,form 17,collections\n"+
		"LN-2,,Ben Moss,+14165550103,,,,yes,2026-02-01,form 18,\n"+
		"LN-3,,Cleo Varga,13800138000,,,,yes,,form 19,\n"), nil)
	if n := u.GetTally(); u.GetState() != pb.UploadState_UPLOAD_STATE_DONE || n.GetLeads() != 3 {
		t.Fatalf("%s: %s", tallyOf(u), u.GetFailure())
	}
	want := map[string]string{
		"Ada Quill": "LN-1 [US-GA] {+13055550101 [] [US-FL]} {+442079460018 [Europe/London] [GB]} collections [contact hours] form 17 (loans.csv, line 2)",
		"Ben Moss":  "LN-2 [] {+14165550103 [] [CA-ON]}  [contact] form 18 (loans.csv, line 3)", "Cleo Varga": "LN-3 [] {+8613800138000 [] [CN]}",
	}
	for _, m := range b.found(t, u.GetListId()) {
		id := campaign.LeadID(m.GetId())
		l, err := b.store.Lead(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		fmt.Fprint(&got, l.Account, " ", l.Places)
		for _, n := range l.Numbers {
			fmt.Fprintf(&got, " {%s %v %v}", n.Phone, n.Zones, n.Places)
		}
		consents, err := b.store.Consents(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range consents {
			fmt.Fprintf(&got, " %s %v %s (%s)", c.Purpose, c.Scopes, c.Proof, c.Source)
			if c.LeadID != id || c.GivenAt.IsZero() {
				t.Errorf("%s: consent %+v", l.Name, c)
			}
		}
		if got.String() != want[l.Name] {
			t.Errorf("%s:\n got %s\nwant %s", l.Name, got.String(), want[l.Name])
		}
	}
}
