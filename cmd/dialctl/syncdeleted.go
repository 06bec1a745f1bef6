package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// syncColumns are the columns of a CRM's file that its sender names; empty: it did not.
type syncColumns struct {
	id, revision, deleted string
	values                []string // of the column deleted, that say so; none: yes, true, 1 and deleted
}

// says takes a value that says that a row was deleted.
func (s *syncColumns) says(value string) error {
	if value = strings.TrimSpace(value); value == "" {
		return errors.New("an empty cell says that the lead is there: name the text that says that it was deleted")
	}
	s.values = append(s.values, value)
	return nil
}

// gone says whether a cell of the column deleted says so, or what is wrong with it.
func (s *syncColumns) gone(cell string) (gone bool, fault string) {
	among := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, cell) })
	}
	switch {
	case cell == "" || s.deleted == "":
		return false, ""
	case len(s.values) > 0:
		return among(s.values...), ""
	case among("yes", "y", "true", "1", "deleted"):
		return true, ""
	case among("no", "n", "false", "0"):
		return false, ""
	}
	return false, fmt.Sprintf("%q in the column %s says neither yes nor no: name what says that a row was deleted with --deleted-value TEXT", cell, s.deleted)
}

// ignored is the column of a heading that is no field of a lead; -1: there is none, or none was named.
func ignored(columns []campaign.Column, heading string) int {
	return slices.IndexFunc(columns, func(c campaign.Column) bool {
		return heading != "" && c.Field == campaign.FieldIgnore && sameHeading(c.Heading, heading)
	})
}

// withdrawn is the item of a row that was deleted.
func withdrawn(line int64, id string, revision int64) *pb.UpsertItem {
	return &pb.UpsertItem{Position: line, ExternalId: id, Revision: revision, Action: &pb.UpsertItem_Withdraw{
		Withdraw: &pb.WithdrawUpserted{Reason: "deleted in the CRM"}}}
}
