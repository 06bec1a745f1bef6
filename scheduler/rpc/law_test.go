package rpc_test

import (
	"strings"
	"testing"

	"redial/campaign"
	pb "redial/proto/scheduler/v1"
	"redial/scheduler/law"
	"redial/scheduler/rpc"
)

func TestPacksAreListedWithWhatIsUnconfirmed(t *testing.T) {
	t.Parallel()
	s := rpc.New(rpc.Deps{Law: must[*law.Library](t)(law.Open(""))})
	all := must[*pb.ListLawPacksResponse](t)(s.ListLawPacks(t.Context(), &pb.ListLawPacksRequest{})).GetPacks()
	one := must[*pb.ListLawPacksResponse](t)(s.ListLawPacks(t.Context(), &pb.ListLawPacksRequest{Name: "us"})).GetPacks()
	if len(all) < 9 || len(one) != 1 || !strings.Contains(one[0].GetWarning(), "not legal advice") {
		t.Fatalf("%d packs; us: %v", len(all), one)
	}
	for id, want := range map[string]string{"us-fl.frequency": "confirmed", "us-tx.hours": "unconfirmed", "us-ct.hours": "confirmed", "us-ct.hours-until-2023": "unconfirmed"} {
		for _, r := range one[0].GetRules() {
			if r.GetId() == id && r.GetStatus() != want {
				t.Errorf("%s is %s, want %s", id, r.GetStatus(), want)
			}
		}
	}
	for _, p := range all {
		for _, r := range p.GetRules() {
			if r.GetSource() == "" || r.GetChecked() == "" || r.GetText() == "" || r.GetStatus() == "" || len(r.GetPlaces()) == 0 {
				t.Errorf("%v", r)
			}
		}
	}
	last := one[0].GetRules()[len(one[0].GetRules())-1]
	if last.GetId() != "us-tx.hours" || last.GetKind() != "hours" || last.GetPlaces()[0] != "US-TX" || last.GetFrom() != "" || last.GetChecked() != "2026-11-01" {
		t.Errorf("%v", last)
	}
	_, err := s.ListLawPacks(t.Context(), &pb.ListLawPacksRequest{Name: "usa"})
	if campaign.KindOf(err) != campaign.KindNotFound || !strings.Contains(err.Error(), "us, us-debt") {
		t.Error(err)
	}
	if _, err := rpc.New(rpc.Deps{}).ListLawPacks(t.Context(), &pb.ListLawPacksRequest{}); campaign.KindOf(err) != campaign.KindUnready {
		t.Error(err)
	}
}
