package browser_test

import (
	"testing"

	"github.com/xuri/excelize/v2"

	campaignpb "redial/proto/campaign/v1"
)

// workbook is a list as a spreadsheet has it: a number that lost its zero, one as text, one with the country's code, and
// one that is none.
func workbook(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for at, row := range map[string][]any{
		"A1": {"Customer", "Mobile", "City"}, "A2": {"Ada", 2079460111, "Bath"}, "A3": {"Bo", "020 7946 0112", "York"},
		"A4": {"Cy", "+44 20 7946 0113", "Hull"}, "A5": {"Di", "ask her sister", "Deal"},
	} {
		if err := f.SetSheetRow("Sheet1", at, &row); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAManagerAndThreeUglyFiles(t *testing.T) {
	t.Parallel()
	o := open(t, 2)
	o.files = map[string][]byte{"south.xlsx": workbook(t)}
	o.play("lists")
	// What the pages counted is what the API counts.
	all, err := campaignpb.NewListServiceClient(o.conn).ListLists(o.admin, &campaignpb.ListListsRequest{CampaignId: o.world.Campaign})
	o.must(err)
	found := 0
	for _, l := range all.GetLists() {
		want, ok := map[string][2]int64{"south.xlsx": {3, 1}, "mixed.csv": {6, 1}, "reach.tsv": {6, 1}}[l.GetName()]
		if !ok {
			continue
		}
		found++
		got, err := campaignpb.NewListServiceClient(o.conn).GetList(o.admin, &campaignpb.GetListRequest{Id: l.GetId()})
		o.must(err)
		if s := got.GetList().GetTally(); s.GetLeads() != want[0] || s.GetProblems() != want[1] {
			t.Errorf("%s: the API counts %d leads and %d problems, want %v", l.GetName(), s.GetLeads(), s.GetProblems(), want)
		}
	}
	if found != 3 {
		t.Errorf("%d of the lists are there", found)
	}
}
