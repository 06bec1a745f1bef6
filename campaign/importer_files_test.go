package campaign_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/listfile"
	"redial/campaign/phone"
)

var update = flag.Bool("update", false, "write the golden files anew")

// take reads a list as an import does.
func take(t *testing.T, path, region string, each func(campaign.RowVerdict)) (campaign.FileGuess, campaign.Mapping, campaign.Tally, error) {
	t.Helper()
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := listfile.Open(r, info.Size(), filepath.Base(path), campaign.ImportOptions{})
	if err != nil {
		return campaign.FileGuess{}, campaign.Mapping{}, campaign.Tally{}, err
	}
	defer f.Close()
	m, err := campaign.MatchHeader(f.Guess.Headings, f.Sample(), nil)
	if err != nil {
		t.Fatal(err)
	}
	im := campaign.Importer{Map: m, Phones: phone.Normaliser{}, Region: region, Zone: "UTC"}
	var tally campaign.Tally
	for v, err := range im.Run(t.Context(), f.Rows()) {
		if err != nil {
			return f.Guess, m, tally, err
		}
		tally.Count(v)
		each(v)
	}
	return f.Guess, m, tally, nil
}

// The hand-made lists, one of every kind: what each is taken for, and what becomes of each row. The first two letters
// of a file's name are its region.
func TestListsOfEveryKind(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/lists/*")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d lists, %v", len(paths), err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, ".golden") {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			region := strings.ToUpper(filepath.Base(path)[:2])
			if region == "VI" || region == "WO" {
				region = ""
			}
			var rows strings.Builder
			guess, m, tally, err := take(t, path, region, func(v campaign.RowVerdict) { writeVerdict(&rows, v) })
			if err != nil {
				t.Fatal(err)
			}
			var whole strings.Builder
			fmt.Fprintf(&whole, "%s %s %q header %v on line %d\n", guess.Format, guess.Encoding, guess.Delimiter, guess.Header, guess.HeaderLine)
			for _, c := range m.Columns {
				fmt.Fprintf(&whole, "  %s: %s %s\n", c.Heading, c.Field, c.Label)
			}
			fmt.Fprintf(&whole, "%s%+v\n", rows.String(), tally)
			got := whole.String()
			golden := path + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func writeVerdict(w *strings.Builder, v campaign.RowVerdict) {
	d := v.Draft
	switch v.State {
	case campaign.RowLead:
		fmt.Fprintf(w, "%d lead %q id %q %v %v priority %d %q%s\n", v.Line, d.Name, d.ExternalID, plainly(d.Numbers), d.Zones, d.Priority, d.Attributes, facts(d))
	case campaign.RowProblem:
		fmt.Fprintf(w, "%d problem\n", v.Line)
	case campaign.RowDuplicate:
		fmt.Fprintf(w, "%d duplicate\n", v.Line)
	}
	for _, p := range v.Problems {
		fmt.Fprintf(w, "    %s in %q of %q: %s; %s (warning %v)\n", p.Reason, p.Column, p.Value, p.Message, p.Suggestion, p.Warning)
	}
}

// plainly writes numbers without zones and places, which are each number's own and would say little here.
func plainly(numbers []campaign.Number) []string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = fmt.Sprintf("{%s %s %s}", n.Phone, n.Extension, n.Label)
	}
	return out
}

// facts writes what few rows have.
func facts(d campaign.Draft) string {
	var out strings.Builder
	if d.Account != "" {
		fmt.Fprintf(&out, " account %q", d.Account)
	}
	if len(d.Places) > 0 {
		fmt.Fprintf(&out, " places %v", d.Places)
	}
	for _, c := range d.Consents {
		fmt.Fprintf(&out, " consent %q %v %s..%s proof %q", c.Purpose, c.Scopes, c.GivenAt.Format(time.RFC3339), c.ExpiresAt.Format(time.RFC3339), c.Proof)
	}
	for _, n := range d.Numbers {
		if len(n.Zones) > 0 {
			fmt.Fprintf(&out, " %s in %v", n.Phone, n.Zones)
		}
	}
	return out.String()
}

// The same rows come out of the same list whatever its encoding, delimiter and line ends.
func TestTheSameListInManyFormsGivesTheSameLeads(t *testing.T) {
	t.Parallel()
	for _, family := range [][]string{
		{"us_plain.csv", "us_bom_crlf.csv", "us_cr_only.csv", "us_tabs.tsv", "us_pipes.txt", "us_utf16le_bom.csv", "us_utf16be_bom.csv"},
		{"cn_utf8.csv", "cn_gbk_crlf.csv", "cn_utf16le_no_bom.txt"},
	} {
		var first string
		for _, name := range family {
			var rows strings.Builder
			if _, _, _, err := take(t, "testdata/lists/"+name, strings.ToUpper(name[:2]), func(v campaign.RowVerdict) { writeVerdict(&rows, v) }); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(rows.String(), `\r\n`, `\n`)
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("%s differs:\n%s\n%s has\n%s", name, got, family[0], first)
			}
		}
	}
}

// Files that others published, where they are at hand: none makes trouble, every row is accounted for, and the counts
// are sensible.
func TestPublishedFiles(t *testing.T) {
	t.Parallel()
	const root = "../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skip("no published files here: ", err)
	}
	want := map[string]struct {
		region string
		tally  campaign.Tally
	}{
		"crm/cn_lead-system_customer_import_template.xlsx":             {"CN", campaign.Tally{Rows: 3, Leads: 3}},
		"crm/crm_aus_lead_import_sample.csv":                           {"AU", campaign.Tally{Rows: 5, Leads: 5}},
		"crm/mautic_fakeleaddata.csv":                                  {"", campaign.Tally{Rows: 54, Leads: 50, Problems: 4}},
		"crm/zoho_analytics_Leads.csv":                                 {"US", campaign.Tally{Rows: 3900, Leads: 3900}},
		"dialer/testMULTI_VICIDIAL_lead_file.csv":                      {"", campaign.Tally{Rows: 14, Leads: 7, Duplicates: 7}},
		"dialer/testMULTI_VICIDIAL_lead_file.txt":                      {"", campaign.Tally{Rows: 14, Leads: 7, Duplicates: 7}},
		"dialer/testMULTI_VICIDIAL_lead_file.xlsx":                     {"", campaign.Tally{Rows: 14, Leads: 7, Duplicates: 7}},
		"dialer/UTF8_lead_file.txt":                                    {"", campaign.Tally{Rows: 16, Leads: 9, Problems: 1, Duplicates: 6}},
		"ugly/gbk/DERIVED_cn_lead-system_template_gbk.csv":             {"CN", campaign.Tally{Rows: 3, Leads: 3}},
		"ugly/gbk/DERIVED_cn_telemarketing_customers_gb18030_crlf.csv": {"CN", campaign.Tally{Rows: 5, Leads: 5}},
		"ugly/messytables/characters.csv":                              {"TW", campaign.Tally{}},
		"campaign/xeducation_Leads.csv":                                {"US", campaign.Tally{Rows: 9240, Problems: 9240}},
	}
	regions := map[string]string{"hubspot": "US", "salesforce": "US", "planilla": "AR"}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".csv", ".txt", ".xlsx", ".tsv"}, filepath.Ext(path)) {
			return err
		}
		name, _ := filepath.Rel(root, path)
		region := want[name].region
		for part, r := range regions {
			if strings.Contains(name, part) {
				region = r
			}
		}
		line := 0
		_, _, tally, err := take(t, path, region, func(v campaign.RowVerdict) {
			if v.Line <= line {
				t.Errorf("%s: line %d after %d", name, v.Line, line)
			}
			line = v.Line
			if v.State == campaign.RowLead && (len(v.Draft.Numbers) == 0 || len(v.Draft.Zones) == 0) || v.State != campaign.RowLead && len(v.Problems) == 0 {
				t.Errorf("%s line %d: %+v", name, v.Line, v)
			}
		})
		prose := strings.Contains(name, "xtext")
		switch w := want[name].tally; {
		case campaign.KindOf(err) == campaign.KindInvalid && w == campaign.Tally{}:
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case prose:
			t.Errorf("%s was taken for a list: %+v", name, tally)
		case w != campaign.Tally{} && tally != w, tally.Rows != tally.Leads+tally.Problems+tally.Duplicates:
			t.Errorf("%s: got %+v, want %+v", name, tally, w)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Where leads of published files may be: narrower than a country wherever their numbers or addresses tell.
func TestPlacesOfPublishedFiles(t *testing.T) {
	t.Parallel()
	const root = "../../shared/data/"
	if _, err := os.Stat(root); err != nil {
		t.Skip("no published files here: ", err)
	}
	for _, c := range []struct {
		name, region                      string
		narrow, byAddress, stateDisagrees int
	}{
		{"crm/mautic_fakeleaddata.csv", "", 17, 17, 0},
		{"crm/salesforce_data-cloud-workshop_Lead.csv", "US", 35, 35, 35},
		{"crm/zoho_analytics_Leads.csv", "US", 3900, 0, 0},
		{"dialer/testMULTI_VICIDIAL_lead_file.txt", "", 7, 7, 6},
		{"dialer/test_planilla-ejemplo-1.csv", "AR", 0, 0, 0},
	} {
		var narrow, byAddress, disagree int
		below := func(p string) bool { return strings.Contains(p, "-") }
		_, _, _, err := take(t, root+c.name, c.region, func(v campaign.RowVerdict) {
			if v.State != campaign.RowLead {
				return
			}
			first := v.Draft.Numbers[0].Places
			if len(first) == 0 {
				t.Errorf("%s line %d: %s is nowhere", c.name, v.Line, v.Draft.Numbers[0].Phone)
			}
			if slices.ContainsFunc(v.Draft.Places, below) || slices.ContainsFunc(first, below) {
				narrow++
			}
			if slices.ContainsFunc(v.Draft.Places, below) {
				byAddress++
				if !slices.Equal(v.Draft.Places, first) {
					disagree++
				}
			}
			for _, p := range v.Problems {
				if p.Reason == campaign.ProblemBadState || p.Reason == campaign.ProblemBadConsent {
					t.Errorf("%s line %d: %s: %s", c.name, p.Line, p.Column, p.Message)
				}
			}
		})
		if err != nil || narrow != c.narrow || byAddress != c.byAddress || disagree != c.stateDisagrees {
			t.Errorf("%s: %d narrower than a country, %d by address, %d of those elsewhere than their number, %v; want %+v", c.name, narrow, byAddress, disagree, err, c)
		}
	}
}
