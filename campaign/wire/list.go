package wire

import (
	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

var listStates = states([]campaign.ListState{campaign.ListLoading, campaign.ListActive, campaign.ListFailed, campaign.ListUndone})

var uploadStates = states([]campaign.UploadState{
	campaign.UploadReceiving, campaign.UploadQueued, campaign.UploadDone, campaign.UploadFailed,
})

// List is a list as a message.
func List(l *campaign.List) *pb.List {
	return &pb.List{
		Id: int64(l.ID), CampaignId: int64(l.CampaignID), Name: l.Name, State: pb.ListState(listStates[l.State]), On: l.On,
		Priority: int32(l.Priority), Version: l.Version, Failure: l.Failure, Tally: Tally(l.Tally),
		CreatedAt: Time(l.CreatedAt), LoadedAt: Time(l.LoadedAt), Hours: Windows(l.Hours), Calendars: l.Calendars,
	}
}

// Tally is a tally as a message.
func Tally(t campaign.Tally) *pb.Tally {
	return &pb.Tally{Rows: t.Rows, Leads: t.Leads, Problems: t.Problems, Duplicates: t.Duplicates, Suppressed: t.Suppressed}
}

// Problems are problems as messages. Of a warning, whose row became a lead all the same, the message says so.
func Problems(all []campaign.Problem) []*pb.Problem {
	out := make([]*pb.Problem, len(all))
	for i := range all {
		p := &all[i]
		out[i] = &pb.Problem{
			Line: int64(p.Line), Column: p.Column, Value: p.Value, Reason: p.Reason, Message: p.Message,
			Suggestion: p.Suggestion, Row: p.Row, Warning: p.Warning,
		}
		if p.Warning {
			out[i].Message += " (the row became a lead without it)"
		}
	}
	return out
}

// ProblemCounts are how often rows had a problem of each kind as messages.
func ProblemCounts(all []campaign.ProblemCount) []*pb.ProblemCount {
	out := make([]*pb.ProblemCount, len(all))
	for i, c := range all {
		out[i] = &pb.ProblemCount{Reason: c.Reason, Warning: c.Warning, Count: c.Count}
	}
	return out
}

// Template is how files of a kind are read as a message.
func Template(m *campaign.ImportTemplate) *pb.ImportTemplate {
	return &pb.ImportTemplate{Name: m.Name, Headings: m.Headings, Options: options(m.Options), UpdatedAt: Time(m.UpdatedAt)}
}

// Upload is a file on its way in as a message.
func Upload(u *campaign.Upload) *pb.Upload {
	return &pb.Upload{
		Id: int64(u.ID), CampaignId: int64(u.CampaignID), ListId: int64(u.ListID), FileName: u.FileName, Size: u.Size,
		State: pb.UploadState(uploadStates[u.State]), RowsDone: u.RowsDone, BytesDone: u.BytesDone, Options: options(u.Options),
		Tally: Tally(u.Tally), Failure: u.Failure, CreatedAt: Time(u.CreatedAt),
	}
}

func options(o campaign.ImportOptions) *pb.ImportOptions {
	header := map[string]pb.HeaderMode{"yes": pb.HeaderMode_HEADER_MODE_YES, "no": pb.HeaderMode_HEADER_MODE_NO}[o.Header]
	return &pb.ImportOptions{
		ListName: o.ListName, Region: o.Region, Zone: o.Zone, Encoding: o.Encoding, Delimiter: o.Delimiter, Sheet: o.Sheet,
		Map: o.Map, Header: header, Across: o.Across, Priority: int32(o.Priority),
	}
}

// FromOptions is how a file is to be read; nil for nil. It is not validated yet.
func FromOptions(m *pb.ImportOptions) (*campaign.ImportOptions, error) {
	if m == nil {
		return nil, nil
	}
	o := campaign.ImportOptions{
		ListName: m.GetListName(), Region: m.GetRegion(), Zone: m.GetZone(), Encoding: m.GetEncoding(), Delimiter: m.GetDelimiter(),
		Sheet: m.GetSheet(), Map: m.GetMap(), Across: m.GetAcross(), Priority: int(m.GetPriority()),
	}
	switch m.GetHeader() {
	case pb.HeaderMode_HEADER_MODE_UNSPECIFIED:
	case pb.HeaderMode_HEADER_MODE_YES:
		o.Header = "yes"
	case pb.HeaderMode_HEADER_MODE_NO:
		o.Header = "no"
	default:
		return nil, campaign.Invalid("options.header", "must be yes or no, or left out to be guessed")
	}
	return &o, nil
}

// previewSamples is how many cells of each column a preview shows.
const previewSamples = 5

// Preview is what an import would do as a message.
func Preview(p *campaign.ImportPreview) *pb.PreviewImportResponse {
	out := &pb.PreviewImportResponse{
		Format: p.Guess.Format, Encoding: p.Guess.Encoding, Delimiter: p.Guess.Delimiter, Sheet: p.Guess.Sheet,
		HeaderLine: int64(p.Guess.HeaderLine), Problems: Problems(p.Problems), Tally: Tally(p.Tally), Complete: p.Whole,
		Sheets: p.Guess.Sheets,
	}
	for i, c := range p.Mapping.Columns {
		out.Columns = append(out.Columns, &pb.PreviewColumn{
			Index: int32(i + 1), Heading: c.Heading, Field: string(c.Field), Why: c.Why, Samples: samples(p.Rows, i),
		})
	}
	for i := range p.Rows {
		if p.Rows[i].State == campaign.RowLead {
			out.Leads = append(out.Leads, draft(&p.Rows[i].Draft))
		}
	}
	return out
}

func samples(rows []campaign.RowVerdict, column int) []string {
	var out []string
	for i := range rows {
		cells := rows[i].Draft.Cells
		if len(cells) == 0 && len(rows[i].Problems) > 0 {
			cells = rows[i].Problems[0].Row
		}
		if column < len(cells) && cells[column] != "" {
			out = append(out, cells[column])
		}
		if len(out) == previewSamples {
			break
		}
	}
	return out
}

// draft is a lead that is not in the record yet.
func draft(d *campaign.Draft) *pb.Lead {
	return &pb.Lead{
		Source: d.Source, ExternalId: d.ExternalID, Name: d.Name, Zones: d.Zones, Numbers: Numbers(&campaign.Lead{Numbers: d.Numbers}),
		Attributes: Attributes(d.Attributes), Priority: int32(d.Priority), Line: int64(d.Line),
		Account: d.Account, Places: d.Places,
	}
}
