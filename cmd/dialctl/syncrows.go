package main

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	"redial/campaign/listfile"
	"redial/campaign/phone"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// syncFile is a CRM's file, whose rows are items.
type syncFile struct {
	file     *os.File
	size     int64
	list     *listfile.File
	importer *campaign.Importer
	id       int // the column of the lead's id
	revision int // the column that says how new a row is; -1: none
	deleted  int // the column that says whether a row was deleted; -1: none
	columns  syncColumns
	mask     []string
}

// openSync opens a file and makes out what its columns are, as an import does; some of them are named.
func openSync(path string, named syncColumns, opt campaign.ImportOptions, region, zone string) (*syncFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, badInput("read the list: %v", err)
	}
	s := &syncFile{file: file, columns: named}
	info, err := file.Stat()
	if err == nil {
		s.size = info.Size()
		s.list, err = listfile.Open(file, s.size, path, opt)
	}
	if err != nil {
		_ = file.Close() // the error says why already
		return nil, err
	}
	columns := opt.Map
	for name, field := range map[string]campaign.Field{named.id: campaign.FieldExternalID, named.revision: campaign.FieldIgnore, named.deleted: campaign.FieldIgnore} {
		if name != "" {
			columns = with(columns, name, string(field))
		}
	}
	m, err := campaign.MatchHeader(s.list.Guess.Headings, s.list.Sample(), columns)
	if err != nil {
		s.close()
		return nil, err
	}
	s.revision, s.deleted = ignored(m.Columns, named.revision), ignored(m.Columns, named.deleted)
	s.importer = &campaign.Importer{Map: m, Phones: phone.Normaliser{}, Region: region, Zone: zone}
	if err := s.check(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func with(m map[string]string, name, field string) map[string]string {
	out := map[string]string{name: field}
	for k, v := range m {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func sameHeading(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

func (s *syncFile) close() {
	_ = s.list.Close() // it was only read
	_ = s.file.Close()
}

// check finds the columns that a sync cannot do without, and which fields of a lead the file speaks of: those alone are
// taken, so that what the file does not know stays.
func (s *syncFile) check() error {
	m := &s.importer.Map
	s.id = slices.IndexFunc(m.Columns, func(c campaign.Column) bool { return c.Field == campaign.FieldExternalID })
	switch {
	case s.id < 0:
		return badInput("no column was recognised as the lead's id in the CRM: say which one is, with --id-column COLUMN; there are %s",
			strings.Join(m.Headings(), ", "))
	case s.columns.revision != "" && s.revision < 0:
		return badInput("no column %q: there are %s", s.columns.revision, strings.Join(m.Headings(), ", "))
	case s.columns.deleted != "" && s.deleted < 0:
		return badInput("no column %q: there are %s", s.columns.deleted, strings.Join(m.Headings(), ", "))
	case !m.HasPhone():
		return badInput("no column was recognised as telephone numbers: say which one is, with --map COLUMN=phone")
	}
	s.mask = []string{"numbers"}
	for _, c := range m.Columns {
		field := map[campaign.Field]string{
			campaign.FieldName: "name", campaign.FieldFirstName: "name", campaign.FieldLastName: "name", campaign.FieldPriority: "priority",
			campaign.FieldAccount: "account", campaign.FieldState: "places", campaign.FieldPostal: "places", campaign.FieldCountry: "places",
		}[c.Field]
		if field == "" && c.Field != campaign.FieldIgnore && c.Field != campaign.FieldPhone && c.Field != campaign.FieldExternalID && c.Field != campaign.FieldZone {
			field = "attributes"
		}
		if field != "" && !slices.Contains(s.mask, field) {
			s.mask = append(s.mask, field)
		}
	}
	return nil
}

// syncRow is a row as an item, or why it is none.
type syncRow struct {
	line   int
	offset int64
	item   *pb.UpsertItem // nil: problem says why
	failed syncFailure
}

// rows yields the file's rows.
func (s *syncFile) rows() iter.Seq2[syncRow, error] {
	return func(yield func(syncRow, error) bool) {
		for row, err := range s.list.Rows() {
			if err != nil {
				yield(syncRow{}, err)
				return
			}
			if !yield(s.row(row), nil) {
				return
			}
		}
	}
}

func (s *syncFile) row(row campaign.Row) syncRow {
	out := syncRow{line: row.Line, offset: row.Offset}
	refuse := func(reason, message string) syncRow {
		out.failed = syncFailure{Line: row.Line, ExternalID: cellAt(row, s.id), Reason: reason, Message: message}
		return out
	}
	gone, fault := s.columns.gone(cellAt(row, s.deleted))
	if fault != "" {
		return refuse("bad_deleted", fault)
	}
	revision, ok := s.revisionOf(row)
	if !ok {
		return refuse("bad_revision", fmt.Sprintf("%q is neither a whole number nor an instant such as 2026-03-02T15:00:00Z", cellAt(row, s.revision)))
	}
	if id := cellAt(row, s.id); gone && id != "" {
		out.item = withdrawn(int64(row.Line), id, revision)
		return out
	}
	v := s.importer.Judge(row)
	d := &v.Draft
	switch {
	case gone:
		return refuse("no_id", "the row has no id of the CRM: nobody knows which lead was deleted")
	case v.State != campaign.RowLead:
		p := v.Problems[0]
		return refuse(p.Reason, p.Message+"; "+p.Suggestion)
	case d.ExternalID == "":
		return refuse("no_id", "the row has no id of the CRM: fill it in, or leave the row out")
	}
	lead := &pb.Lead{Name: d.Name, Attributes: wire.Attributes(d.Attributes), Priority: int32(d.Priority), Account: d.Account, Places: d.Places} //nolint:gosec // read as 32 bits
	for _, n := range d.Numbers {
		lead.Numbers = append(lead.Numbers, &pb.Number{Phone: string(n.Phone), Extension: n.Extension, Label: n.Label})
	}
	mask := s.mask
	if zone, ok := s.zoneOf(row); ok {
		lead.Zones, mask = []string{zone}, append(slices.Clone(mask), "zones")
	}
	out.item = &pb.UpsertItem{Position: int64(row.Line), ExternalId: d.ExternalID, Revision: revision, Action: &pb.UpsertItem_Upsert{
		Upsert: &pb.UpsertLead{Lead: lead, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}}}}
	return out
}

func cellAt(row campaign.Row, i int) string {
	if i < 0 || i >= len(row.Cells) {
		return ""
	}
	return strings.TrimSpace(row.Cells[i])
}

func (s *syncFile) zoneOf(row campaign.Row) (string, bool) {
	i := slices.IndexFunc(s.importer.Map.Columns, func(c campaign.Column) bool { return c.Field == campaign.FieldZone })
	return campaign.ZoneNamed(cellAt(row, i))
}

// revisionOf reads how new a row is: a count, or an instant, in microseconds.
func (s *syncFile) revisionOf(row campaign.Row) (int64, bool) {
	cell := cellAt(row, s.revision)
	if cell == "" {
		return 0, true
	}
	if n, err := strconv.ParseInt(cell, 10, 64); err == nil && n >= 0 {
		return n, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999-0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, cell); err == nil && at.Unix() > 0 {
			return at.UnixMicro(), true
		}
	}
	return 0, false
}
