package lists

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "redial/proto/campaign/v1"
)

func TestWhatAFormSaysOfAFile(t *testing.T) {
	const asDrawn = "read=%1F%1F%1Funspecified&"
	for query, want := range map[string]map[string]string{
		"":                                      {},
		"c1=phone&g1=phone":                     {},                            // as guessed
		"c1=phone&g1=attribute":                 {"1": "phone"},                // chosen
		"c1=phone&g1=":                          {"1": "phone"},                // a template's
		"c2=ignore&g2=name&c1=phone&g1=x":       {"1": "phone", "2": "ignore"}, //
		asDrawn + "c1=phone&g1=x":               {"1": "phone"},                //
		asDrawn + "c1=phone&g1=x&encoding=big5": {},                            // the columns are others
		asDrawn + "c1=phone&g1=x&delimiter=%3B": {},                            //
		asDrawn + "c1=phone&g1=x&sheet=two":     {},                            //
		asDrawn + "c1=phone&g1=x&header=no":     {},                            //
		asDrawn + "c1=phone&g1=x&region=US":     {"1": "phone"},                //
		"campaign=3&cx=phone&c=phone":           {},                            // no columns
		"c1=&g1=x":                              {},                            //
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		o, err := optionsOf(q)
		if err != nil || !maps.Equal(o.GetMap(), want) {
			t.Errorf("%s: %v, %v, want %v", query, o.GetMap(), err, want)
		}
	}
	q, _ := url.ParseQuery("name=+x+&region=us&zone=Asia/Shanghai&encoding=big5&delimiter=%09&sheet=S&across=1&priority=-3&header=no")
	o, err := optionsOf(q)
	if err != nil || o.GetListName() != "x" || o.GetRegion() != "US" || o.GetZone() != "Asia/Shanghai" || o.GetEncoding() != "big5" || o.GetDelimiter() != "\t" ||
		o.GetSheet() != "S" || !o.GetAcross() || o.GetPriority() != -3 || o.GetHeader() != pb.HeaderMode_HEADER_MODE_NO {
		t.Errorf("%v, %v", o, err)
	}
	for _, bad := range []string{"priority=high", "priority=99999999999"} {
		q, _ := url.ParseQuery(bad)
		if _, err := optionsOf(q); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestTheColumnsOfAFileAreShown(t *testing.T) {
	s := serve(t)
	holds(t, s.get(t, "/lists/uploads/7/map"), "&lt;b&gt;leads.csv", "Tel&lt;i&gt;", "1&lt;u&gt;", "!<i>", "!<u>", "!<b>", "gb18030", "comma ,", "line 1",
		`<option value="phone" selected>Telephone number</option>`, "&#43;8613800138000", "Memo", `name="g1" value="phone"`,
		"without a heading, not shown: 1.", "!no column was recognised", "Keep this as a template", "!id=\"templates\"")
	if r := last[*pb.PreviewImportRequest](t, s.api); r.GetUploadId() != 7 || r.GetWhole() || len(r.GetOptions().GetMap()) != 0 {
		t.Errorf("asked for %v", r)
	}
	s.preview.Columns[0].Field, s.preview.Columns[1].Why = "name", "given"
	holds(t, s.get(t, "/lists/uploads/7/map?c2=ignore&g2=name&whole=1&region=GB"), "No column was recognised", `name="g2" value="name"`, "your choice")
	if r := last[*pb.PreviewImportRequest](t, s.api); !r.GetWhole() || r.GetOptions().GetMap()["2"] != "ignore" || r.GetOptions().GetRegion() != "GB" {
		t.Errorf("asked for %v", r)
	}
	s.lang = "zh"
	holds(t, s.get(t, "/lists/uploads/7/map"), "文件的列", "未识别出电话号码列")
}

// A workbook's menu of sheets says nothing as long as nobody chose: what was corrected stays.
func TestSheetsOfAWorkbook(t *testing.T) {
	s := serve(t)
	s.preview.Format, s.preview.Encoding, s.preview.Delimiter, s.preview.Sheet, s.preview.Sheets = "xlsx", "", "", "May<i>", []string{"Notes", "May<i>"}
	holds(t, s.get(t, "/lists/uploads/7/map"), `<option value="">Recognised: May&lt;i&gt;</option>`, "<option>Notes</option>", `!id="encoding"`, `!id="delimiter"`)
	holds(t, s.get(t, "/lists/uploads/7/map?sheet=Notes"), "<option selected>Notes</option>")
	s.fail["PreviewImportRequest"] = status.Error(codes.InvalidArgument, "no sheet holds rows")
	holds(t, s.get(t, "/lists/uploads/7/map?sheet=Notes"), "<option selected>Notes</option>", "<span>no sheet holds rows</span>")
	s.lang = "zh"
	holds(t, s.get(t, "/lists/uploads/7/map?sheet=Notes"), "填写的内容不符合要求")
	s.fail["PreviewImportRequest"] = status.Error(codes.InvalidArgument, `no sheet "Notes": the sheets are "May"`)
	holds(t, s.get(t, "/lists/uploads/7/map?sheet=Notes"), "<span>没有工作表 &#34;Notes&#34;，现有工作表：&#34;May&#34;</span>")
}

func TestMenusOfManyColumnsAreDrawnShort(t *testing.T) {
	s := serve(t)
	s.preview.Columns = nil
	for i := range 300 {
		s.preview.Columns = append(s.preview.Columns, &pb.PreviewColumn{Index: int32(i + 1), Heading: strings.Repeat("h", 8), Field: "attribute", Samples: []string{"some cell"}})
	}
	text := s.get(t, "/lists/uploads/7/map")
	if n := strings.Count(text, `<option value="phone"`); n != menusMost {
		t.Errorf("%d menus are whole, want %d", n, menusMost)
	}
	if n := strings.Count(text, `<select name="c`); n != 300 {
		t.Errorf("%d columns", n)
	}
}

func TestAFileThatIsNoListKeepsItsMenus(t *testing.T) {
	s := serve(t)
	s.fail["PreviewImportRequest"] = status.Error(codes.InvalidArgument, "this is running text, no list: rows are needed (--map tells what a column is)")
	holds(t, s.get(t, "/lists/uploads/7/map"), "this is running text, no list: rows are needed</span>", "!--map", `id="encoding"`, `id="commit"`, " disabled>")
	s.fail["PreviewImportRequest"] = status.Error(codes.Unavailable, "gone")
	if a, _ := s.do(t, "GET", "/lists/uploads/7/map", "", nil); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("an API that is away: %d", a.StatusCode)
	}
}

func TestAnUploadIsShownWhereItIs(t *testing.T) {
	s := serve(t)
	for state, want := range map[pb.UploadState][2]string{
		pb.UploadState_UPLOAD_STATE_RECEIVING: {"", "/lists/uploads/7/map"},
		pb.UploadState_UPLOAD_STATE_QUEUED:    {"/lists/uploads/7/progress", ""},
		pb.UploadState_UPLOAD_STATE_DONE:      {"/lists/uploads/7/progress", "/lists/9"},
		pb.UploadState_UPLOAD_STATE_FAILED:    {"/lists/uploads/7/progress", ""},
	} {
		s.state = state
		for i, path := range []string{"map", "progress"} {
			a, text := s.do(t, "GET", "/lists/uploads/7/"+path, "", nil)
			if got := a.Header.Get("Location"); got != want[i] || got == "" && a.StatusCode != http.StatusOK {
				t.Errorf("%s, %s: %d to %q, want %q: %s", state, path, a.StatusCode, got, want[i], text)
			}
		}
	}
}

func TestCommit(t *testing.T) {
	s := serve(t)
	if to := s.post(t, "/lists/uploads/7/commit", "size=5&c2=ignore&g2=attribute&region=GB&name=May"); to != "/lists/uploads/7/progress" {
		t.Errorf("leads to %s", to)
	}
	r := last[*pb.CommitUploadRequest](t, s.api)
	if r.GetUploadId() != 7 || r.GetSize() != 5 || r.GetOptions().GetMap()["2"] != "ignore" || r.GetOptions().GetListName() != "May" {
		t.Errorf("committed %v", r)
	}
	for _, m := range s.asked {
		if _, ok := m.(*pb.SaveTemplateRequest); ok {
			t.Error("a template was saved that nobody named")
		}
	}
	s.preview.Columns[1].Field, s.preview.Columns[1].Why = "ignore", "given"
	s.post(t, "/lists/uploads/7/commit", "save=+crm+&c1=phone&g1=phone&c2=ignore&g2=attribute&region=GB&name=May")
	m := last[*pb.SaveTemplateRequest](t, s.api).GetTemplate()
	if m.GetName() != "crm" || !slices.Equal(m.GetHeadings(), []string{"Tel<i>", "Memo", "Column 3"}) || m.GetOptions().GetRegion() != "GB" ||
		m.GetOptions().GetListName() != "" || !maps.Equal(m.GetOptions().GetMap(), map[string]string{"Tel<i>": "phone", "Memo": "ignore"}) {
		t.Errorf("kept %v", m)
	}
	s.fail["CommitUploadRequest"] = status.Error(codes.FailedPrecondition, "not whole")
	if a, text := s.do(t, "POST", "/lists/uploads/7/commit", "", form); a.StatusCode != http.StatusConflict || !strings.Contains(text, "not whole") {
		t.Errorf("%d %s", a.StatusCode, text)
	}
}

func TestATemplateThatFitsIsUsed(t *testing.T) {
	s := serve(t)
	s.kept = []*pb.ImportTemplate{
		{Name: "other", Headings: []string{"Tel"}, Options: &pb.ImportOptions{Region: "FR"}},
		{Name: "crm", Headings: []string{"tel<i>", "Memo", "Column 3"}, Options: &pb.ImportOptions{Region: "US", Map: map[string]string{"2": "name"}}},
	}
	asked := func() *pb.ImportOptions { return last[*pb.PreviewImportRequest](t, s.api).GetOptions() }
	holds(t, s.get(t, "/lists/uploads/7/map"), "the template “crm”", `<option selected>US<`, `<option value="crm" selected>`, "Delete the template")
	if asked().GetRegion() != "US" || asked().GetMap()["2"] != "name" {
		t.Errorf("read by %v", asked())
	}
	holds(t, s.get(t, "/lists/uploads/7/map?template="), "!the template “crm”", "!Delete the template")
	if asked().GetRegion() != "" {
		t.Errorf("without a template: %v", asked())
	}
	holds(t, s.get(t, "/lists/uploads/7/map?template=other"), `<option selected>FR<`, `<option value="other" selected>`)
	s.kept[0].Options.Map = map[string]string{" MEMO": "name", "Gone": "phone"}
	s.preview.Columns[1].Why = "given"
	holds(t, s.get(t, "/lists/uploads/7/map?template=other"), "the template</td>", "!your choice")
	if got := asked().GetMap(); !maps.Equal(got, map[string]string{" MEMO": "name"}) {
		t.Errorf("columns that the file does not have are asked for: %v", got)
	}
	s.get(t, "/lists/uploads/7/map?region=GB")
	if asked().GetRegion() != "GB" {
		t.Errorf("what was chosen by hand: %v", asked())
	}
	if to := s.post(t, "/lists/uploads/7/forget", "template=crm"); to != "/lists/uploads/7/map?template=" {
		t.Errorf("leads to %s", to)
	}
	if r := last[*pb.DeleteTemplateRequest](t, s.api); r.GetCampaignId() != 3 || r.GetName() != "crm" {
		t.Errorf("deleted %v", r)
	}
}
