package lists

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// mapPage shows what an import would make of a file, and what can be corrected.
type mapPage struct {
	Now      time.Time
	Upload   *pb.Upload
	Campaign *pb.Campaign
	Options  *pb.ImportOptions // as they were asked for
	Preview  *pb.PreviewImportResponse
	Columns  []column
	Fields   []campaign.Field
	Failure  *page.Problem // why the file is no list when read so; nil: it is one
	Whole    bool          // every row was read
	Hidden   int           // columns that hold nothing and are not shown

	Templates []*pb.ImportTemplate // of the campaign
	Template  string               // by which the file is read; empty: none
	Fits      bool                 // it was found by the file's columns, and not chosen

	Encodings  []string
	Delimiters []struct{ Char, Key string }
	Regions    []string
}

// column is a column of the file with what it is taken for.
type column struct {
	*pb.PreviewColumn
	Guess string // what was guessed; a choice that differs from it is an override
	Short bool   // its menu is drawn with its choice alone, and filled by the page's script
}

// menusMost is how many menus of columns are drawn whole: a page stays small however many columns a file has.
const menusMost = 12

// HasPhone says whether any column holds numbers: without one, every row is a problem.
func (m mapPage) HasPhone() bool {
	return m.Preview == nil || slices.ContainsFunc(m.Preview.GetColumns(), func(c *pb.PreviewColumn) bool { return c.GetField() == string(campaign.FieldPhone) })
}

// Leads are the first of the preview's leads.
func (m mapPage) Leads() []*pb.Lead {
	const most = 10
	all := m.Preview.GetLeads()
	return all[:min(most, len(all))]
}

// Problems are the first of the preview's problems.
func (m mapPage) Problems() []*pb.Problem {
	const most = 20 // all of them are told when the list is taken in
	all := m.Preview.GetProblems()
	return all[:min(most, len(all))]
}

// Read is how the file is read, as one word: when it changes, the columns are others and so is what they are taken for.
func (m mapPage) Read() string { return reading(m.Options) }

func reading(o *pb.ImportOptions) string {
	return strings.Join([]string{o.GetEncoding(), o.GetDelimiter(), o.GetSheet(), word(o.GetHeader())}, "\x1f")
}

// showMap draws the columns, the first rows and the problems of a file as it would be read by the options in the
// request's address.
func (p *lists) showMap(w http.ResponseWriter, r *http.Request) {
	u, err := p.upload(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if u.GetState() != pb.UploadState_UPLOAD_STATE_RECEIVING {
		http.Redirect(w, r, fmt.Sprintf("/lists/uploads/%d/progress", u.GetId()), http.StatusSeeOther)
		return
	}
	c, err := p.campaigns.GetCampaign(r.Context(), &pb.GetCampaignRequest{Id: u.GetCampaignId()})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	q := r.URL.Query()
	data := mapPage{
		Now: p.now(), Upload: u, Campaign: c.GetCampaign(), Fields: campaign.Fields, Whole: q.Get("whole") != "",
		Encodings: encodings, Delimiters: delimiters, Regions: regions,
	}
	if data.Options, err = optionsOf(q); err != nil {
		p.views.Fail(w, r, err)
		return
	}
	for _, read := range []func(*http.Request, *mapPage) error{p.templates, p.preview, p.fitting} {
		if err := read(r, &data); err != nil {
			p.views.Fail(w, r, err)
			return
		}
	}
	p.page(w, r, "lists_map", "lists_map", data)
}

// preview asks what an import would do. That the file cannot be read so is no error: the menus stay to correct it.
func (p *lists) preview(r *http.Request, data *mapPage) error {
	a, err := p.lists.PreviewImport(r.Context(), &pb.PreviewImportRequest{UploadId: data.Upload.GetId(), Options: data.Options, Whole: data.Whole})
	if status.Code(err) == codes.InvalidArgument {
		f := p.views.ProblemOf(r, err)
		data.Failure = &f
		return nil
	}
	if err != nil {
		return err
	}
	data.Preview, data.Columns, data.Hidden = a, nil, 0
	guesses := r.URL.Query()
	for _, c := range a.GetColumns() {
		if hidden(c) {
			data.Hidden++
			continue
		}
		guess := c.GetField()
		if c.GetWhy() == "given" {
			guess = guesses.Get("g" + strconv.Itoa(int(c.GetIndex())))
		}
		data.Columns = append(data.Columns, column{c, guess, len(data.Columns) >= menusMost})
	}
	return nil
}

// hidden says whether a column has neither a heading nor cells, and nobody chose what it is.
func hidden(c *pb.PreviewColumn) bool {
	return len(c.GetSamples()) == 0 && c.GetHeading() == fmt.Sprintf("Column %d", c.GetIndex()) && c.GetWhy() != "given"
}

// optionsOf reads a form. A column's menu is an override where it differs from what was guessed, and while the file is
// read as it was when the form was drawn.
func optionsOf(q url.Values) (*pb.ImportOptions, error) {
	priority, err := asNumber("priority", q.Get("priority"), 32)
	if err != nil {
		return nil, err
	}
	o := &pb.ImportOptions{
		ListName: strings.TrimSpace(q.Get("name")), Region: strings.ToUpper(strings.TrimSpace(q.Get("region"))), Zone: strings.TrimSpace(q.Get("zone")),
		Encoding: q.Get("encoding"), Delimiter: q.Get("delimiter"), Sheet: strings.TrimSpace(q.Get("sheet")),
		Across: q.Get("across") != "", Priority: int32(priority), Map: map[string]string{},
	}
	switch q.Get("header") {
	case "yes":
		o.Header = pb.HeaderMode_HEADER_MODE_YES
	case "no":
		o.Header = pb.HeaderMode_HEADER_MODE_NO
	}
	if was, ok := q["read"]; ok && was[0] != reading(o) {
		return o, nil
	}
	for key, all := range q {
		n, ok := strings.CutPrefix(key, "c")
		if _, err := strconv.ParseUint(n, 10, 16); !ok || err != nil || all[0] == "" || all[0] == q.Get("g"+n) {
			continue
		}
		o.Map[n] = all[0]
	}
	return o, nil
}

// commit says that the file is whole and queues its import, read as the form says.
func (p *lists) commit(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		p.views.Fail(w, r, cutOff(err))
		return
	}
	o, err := optionsOf(r.PostForm)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	size, err := asNumber("size", r.PostForm.Get("size"), 64)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if err := p.keep(r.Context(), id, r.PostForm, o); err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if _, err := p.lists.CommitUpload(r.Context(), &pb.CommitUploadRequest{UploadId: id, Options: o, Size: size}); err != nil {
		p.views.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("/lists/uploads/%d/progress", id), http.StatusSeeOther)
}
