package store

import (
	"cmp"
	"errors"
	"fmt"

	"redial/campaign"
)

var leadInsert = []string{"id", "campaign_id", "list_id", "group_id", "state", "source", "external_id", "name", "numbers", "attributes",
	"priority", "line", "first_subject", "first_extension", "dial_subject", "verdict", "at", "until", "number", "reason", "earliest",
	"decided_at", "rules_version", "created_at", "updated_at", "account", "places", "turn"}

// insertLeads plans and writes what is left of the drafts.
func (in *intake) insertLeads() error {
	ids, err := in.t.nextIDs("leads", len(in.drafts))
	if err != nil {
		return err
	}
	in.fresh = make(map[string]campaign.Plan)
	leads := make([][]any, 0, len(ids))
	numbers := make([][]any, 0, len(ids))
	var consents [][]any
	for i := range in.drafts {
		d := &in.drafts[i]
		row, err := in.leadRow(ids[i], d, &in.sites[i])
		if err != nil {
			return err
		}
		leads = append(leads, row)
		for _, id := range in.subjectsOf(d) {
			numbers = append(numbers, []any{int64(id), ids[i]})
		}
		consents = append(consents, in.consentRows(ids[i], d)...)
	}
	if err := in.t.insert("leads", leadInsert, leads); err != nil {
		return err
	}
	if err := in.t.insert("consents", consentInsert, consents); err != nil {
		return err
	}
	return in.t.insert("lead_numbers", []string{"subject_id", "lead_id"}, numbers)
}

var errNoSubject = errors.New("a number has no subject, or a set of zones no group")

func dialledBefore(numbers []campaign.Number, p campaign.Phone) bool {
	for _, n := range numbers {
		if n.Phone == p {
			return true
		}
	}
	return false
}

func (in *intake) leadRow(id int64, d *campaign.Draft, s *siting) ([]any, error) {
	group, first := in.groups[s.key], in.subjects[d.Numbers[0].Phone]
	if group == 0 || first == 0 {
		return nil, errNoSubject
	}
	plan, state := in.plan(s, d)
	if state == campaign.LeadSuppressed {
		in.suppressed++
	}
	now := us(in.t.now)
	return []any{id, int64(in.campaign.ID), int64(in.list.ID), int64(group), string(state), cmp.Or(d.Source, in.source), d.ExternalID, d.Name,
		js(d.Numbers), js(list(d.Attributes)), d.Priority, d.Line, int64(first), d.Numbers[0].Extension, int64(in.subjects[plan.Number]),
		plan.Verdict.String(), us(plan.At), us(plan.Until), string(plan.Number), plan.Reason, us(plan.Earliest), now, in.campaign.RulesVersion, now, now,
		d.Account, js(list(d.Places)), plan.Turn}, nil
}

// plan is the rule's for a lead never tried. Such leads differ by their site and their first number alone, so one
// decision serves all of the same site; suppressed numbers, consents and several sites make a lead a case of its own.
// Calls to other leads are not asked for here: the claim judges them.
func (in *intake) plan(s *siting, d *campaign.Draft) (campaign.Plan, campaign.LeadState) {
	f := &campaign.Facts{Campaign: in.campaign, List: in.list, Calendars: in.calendars, Now: in.t.now}
	for j, n := range d.Numbers {
		if x, ok := in.shut[in.subjects[n.Phone]]; ok && !dialledBefore(d.Numbers[:j], n.Phone) {
			f.Suppressions = append(f.Suppressions, x)
		}
	}
	plan, known := in.fresh[s.key]
	if !known || !s.alone || len(f.Suppressions) > 0 {
		f.Lead = in.leadOf(d, s.zones)
		if !s.alone {
			f.Consents = in.consentsOf(d)
		}
		plan = in.t.rules.Decide(f)
		if plan.Verdict == campaign.NoVerdict {
			plan = campaign.Plan{Verdict: campaign.VerdictCall, Number: d.Numbers[0].Phone, Reason: campaign.ReasonDue, At: f.Now, Earliest: f.Now}
		}
		if len(f.Suppressions) > 0 {
			if plan.Open() && !callable(f) {
				return plan, campaign.LeadSuppressed
			}
			return plan, plan.LeadState()
		}
		if !s.alone {
			return plan, plan.LeadState()
		}
		in.fresh[s.key] = plan
	}
	if plan.Open() {
		plan.Number = d.Numbers[0].Phone
	}
	return plan, plan.LeadState()
}

var problemInsert = []string{"list_id", "line", "n", "heading", "value", "reason", "message", "suggestion", "warning", "cells"}

// problems writes the file's problems and those of the drafts that were lost; the warnings of a lost one are void.
func (in *intake) problems(given []campaign.Problem) error {
	rows := make([][]any, 0, len(given)+len(in.lost))
	nth := make(map[int]int)
	add := func(p campaign.Problem) {
		rows = append(rows, []any{int64(in.list.ID), p.Line, nth[p.Line], p.Column, p.Value, p.Reason, p.Message, p.Suggestion, p.Warning, js(list(p.Row))})
		nth[p.Line]++
	}
	for _, p := range given {
		if _, lost := in.lost[p.Line]; !lost || !p.Warning {
			add(p)
		}
	}
	for _, line := range inOrder(in.lost) {
		add(in.lost[line].problem(line, in.campaign.ID))
	}
	return in.t.insert("problems", problemInsert, rows)
}

// problem says which lead the row is already.
func (w twin) problem(line int, here campaign.CampaignID) campaign.Problem {
	p := campaign.Problem{Line: line, Value: w.what, Reason: campaign.ProblemInCampaign, Row: w.cells,
		Suggestion: "nothing to do, unless it is somebody else: then correct it and send the row again"}
	switch {
	case w.lead == 0:
		p.Message = fmt.Sprintf("the %s %s is in an earlier row", w.by, w.what)
	case w.campaign != here:
		p.Reason = campaign.ProblemElsewhere
		p.Message = fmt.Sprintf("the %s %s is lead %d of campaign %d already", w.by, w.what, w.lead, w.campaign)
	default:
		p.Message = fmt.Sprintf("the %s %s is lead %d of list %d already", w.by, w.what, w.lead, w.list)
	}
	return p
}
