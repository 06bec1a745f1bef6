package lists

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// templates reads the campaign's templates, and has the file read by the one that the request's address names.
func (p *lists) templates(r *http.Request, data *mapPage) error {
	a, err := p.lists.ListTemplates(r.Context(), &pb.ListTemplatesRequest{CampaignId: data.Upload.GetCampaignId()})
	if err != nil {
		return err
	}
	data.Templates = a.GetTemplates()
	name := r.URL.Query().Get("template")
	for _, m := range data.Templates {
		if m.GetName() == name {
			return p.choose(r, data, m)
		}
	}
	return nil
}

// choose has the file read by a template, as far as it has the template's columns.
func (p *lists) choose(r *http.Request, data *mapPage, m *pb.ImportTemplate) error {
	data.use(m)
	by := data.Options.GetMap()
	data.Options.Map = nil
	if err := p.preview(r, data); err != nil || data.Preview == nil {
		return err
	}
	headings := headingsOf(data.Preview)
	maps.DeleteFunc(by, func(column, _ string) bool {
		_, err := strconv.Atoi(column) // as templates were once kept
		return err != nil && !slices.ContainsFunc(headings, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(column)) })
	})
	data.Options.Map = by
	return nil
}

// fitting has the file read by a template that fits its columns, when the page is opened and nothing was chosen yet.
func (p *lists) fitting(r *http.Request, data *mapPage) error {
	if r.URL.RawQuery != "" || data.Preview == nil {
		return nil
	}
	headings := headingsOf(data.Preview)
	for _, m := range data.Templates {
		t := campaign.ImportTemplate{Headings: m.GetHeadings()}
		if t.Fits(headings) {
			data.use(m)
			data.Fits = true
			return p.preview(r, data)
		}
	}
	return nil
}

func (m *mapPage) use(t *pb.ImportTemplate) { m.Template, m.Options = t.GetName(), t.GetOptions() }

func headingsOf(a *pb.PreviewImportResponse) []string {
	var all []string
	for _, c := range a.GetColumns() {
		all = append(all, c.GetHeading())
	}
	return all
}

// keep saves how a file is read under the name that its form gives; none given: nothing is kept.
func (p *lists) keep(ctx context.Context, id int64, form url.Values, o *pb.ImportOptions) error {
	name := strings.TrimSpace(form.Get("save"))
	if name == "" {
		return nil
	}
	u, err := p.lists.GetUpload(ctx, &pb.GetUploadRequest{UploadId: id})
	if err != nil {
		return err
	}
	a, err := p.lists.PreviewImport(ctx, &pb.PreviewImportRequest{UploadId: id, Options: o})
	if err != nil {
		return err
	}
	_, err = p.lists.SaveTemplate(ctx, &pb.SaveTemplateRequest{CampaignId: u.GetUpload().GetCampaignId(), Template: &pb.ImportTemplate{
		Name: name, Headings: headingsOf(a), Options: lasting(o, a.GetColumns()),
	}})
	return err
}

// lasting are a file's options for the next one of its kind: every column as it was shown, whether guessed or chosen, for
// other cells would be guessed otherwise. How the file is written is kept where it was chosen alone, since the next one may
// be written another way; the list's name is this file's own.
func lasting(o *pb.ImportOptions, columns []*pb.PreviewColumn) *pb.ImportOptions {
	out := proto.CloneOf(o)
	out.ListName, out.Map = "", map[string]string{}
	for _, c := range columns {
		if !hidden(c) {
			out.Map[c.GetHeading()] = c.GetField()
		}
	}
	return out
}

// forget deletes the template that a file is read by, and shows the file as it is guessed.
func (p *lists) forget(w http.ResponseWriter, r *http.Request) {
	u, err := p.upload(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		p.views.Fail(w, r, cutOff(err))
		return
	}
	_, err = p.lists.DeleteTemplate(r.Context(), &pb.DeleteTemplateRequest{CampaignId: u.GetCampaignId(), Name: r.PostForm.Get("template")})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("/lists/uploads/%d/map?template=", u.GetId()), http.StatusSeeOther)
}
