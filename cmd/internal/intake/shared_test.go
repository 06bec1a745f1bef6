package intake_test

import (
	"os"
	"path/filepath"
	"testing"

	pb "redial/proto/campaign/v1"
)

// published are real files with the country of their national numbers. Some hold no number that exists.
var published = map[string]string{
	"crm/cn_lead-system_customer_import_template.xlsx": "CN",
	"crm/crm_aus_lead_import_sample.csv":               "AU",
	"crm/hubspot_dummy_contacts.csv":                   "US",
	"crm/mautic_fakeleaddata.csv":                      "",
	"crm/salesforce_data-cloud-workshop_Lead.csv":      "US",
	"crm/zoho_analytics_Leads.csv":                     "US",

	"dialer/UTF8_lead_file.txt":                                          "",
	"dialer/testMULTI_VICIDIAL_lead_file.csv":                            "",
	"dialer/testMULTI_VICIDIAL_lead_file.txt":                            "",
	"dialer/testMULTI_VICIDIAL_lead_file.xlsx":                           "",
	"dialer/test_VICIDIAL_lead_file.txt":                                 "",
	"dialer/test_planilla-ejemplo-0.csv":                                 "AR",
	"dialer/test_planilla-ejemplo-1.csv":                                 "AR",
	"dialer/test_planilla-ejemplo-2.csv":                                 "AR",
	"dialer/test_planilla-ejemplo-3-headers-con-no-ascii-y-espacios.csv": "AR",
}

func TestEveryRowOfARealFileIsALeadAProblemOrADuplicate(t *testing.T) {
	t.Parallel()
	const data = "../../../../shared/data"
	if _, err := os.Stat(data); err != nil {
		t.Skip("no folder of published files beside the project: ", err)
	}
	for name, region := range published {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			file, err := os.ReadFile(filepath.Join(data, name))
			if err != nil {
				t.Skip(err)
			}
			b := setup(t)
			u := b.imported(t, filepath.Base(name), file, &pb.ImportOptions{Region: region})
			n := u.GetTally()
			if u.GetState() != pb.UploadState_UPLOAD_STATE_DONE || n.GetRows() == 0 || n.GetRows() != n.GetLeads()+n.GetProblems()+n.GetDuplicates() {
				t.Fatalf("%v, %s: %s", u.GetState(), tallyOf(u), u.GetFailure())
			}
			if leads := b.found(t, u.GetListId()); int64(len(leads)) != n.GetLeads() {
				t.Errorf("%d leads are found, %d were counted", len(leads), n.GetLeads())
			}
			t.Log(tallyOf(u))
		})
	}
}
