package store

import (
	"errors"
	"fmt"

	"redial/campaign"
)

var leadInsert = []string{"id", "campaign_id", "list_id", "group_id", "state", "source", "external_id", "name", "numbers", "attributes",
	"priority", "line", "first_subject", "first_extension", "dial_subject", "verdict", "at", "until", "number", "reason", "earliest",
	"decided_at", "rules_version", "created_at", "updated_at", "account", "places", "turn"}

// insertLeads plans and writes what is left of the drafts.
func (in *intake) insertLeads() error {
	ids := in.ids
	if err := in.t.insert("leads", leadInsert, len(in.all), func(i int, r *bulkRow) error {
		return in.leadRow(ids[i], &in.all[i], r)
	}); err != nil {
		return err
	}
	type link struct {
		subject campaign.SubjectID
		lead    int64
	}
	links := make([]link, 0, 2*len(in.all))
	var consents []consentRow
	var subjects []campaign.SubjectID
	for i := range in.all {
		subjects = in.subjectsOf(&in.all[i], subjects[:0])
		for _, id := range subjects {
			links = append(links, link{id, ids[i]})
		}
		consents = append(consents, in.consentRows(ids[i], &in.all[i])...)
	}
	if err := in.insertConsents(consents); err != nil {
		return err
	}
	return in.t.insert("lead_numbers", []string{"subject_id", "lead_id"}, len(links), func(i int, r *bulkRow) error {
		r.int(int64(links[i].subject))
		r.int(links[i].lead)
		return nil
	})
}

var errNoSubject = errors.New("a number has no subject, or a set of zones no group")

func (in *intake) leadRow(id int64, c *candidate, r *bulkRow) error {
	first := in.numbers.ids[string(c.Numbers[0].Phone)].id
	if c.site.group == 0 || first == 0 {
		return errNoSubject
	}
	plan, state := in.plan(c)
	if state == campaign.LeadSuppressed {
		in.suppressed++
	}
	now, dial := us(in.t.now), first
	if plan.Number != c.Numbers[0].Phone {
		dial = in.numbers.ids[string(plan.Number)].id
	}
	r.int(id)
	r.int(int64(in.campaign.ID))
	r.int(int64(in.list.ID))
	r.int(int64(c.site.group))
	r.text(string(state))
	r.text(c.Source)
	r.text(c.ExternalID)
	r.text(c.Name)
	at := r.begin()
	r.buf = appendNumbers(r.buf, c.Numbers)
	r.finish(at)
	at = r.begin()
	r.buf = appendAttributes(r.buf, c.Attributes)
	r.finish(at)
	r.int(int64(c.Priority))
	r.int(int64(c.Line))
	r.int(int64(first))
	r.text(c.Numbers[0].Extension)
	r.int(int64(dial))
	r.text(plan.Verdict.String())
	r.int(us(plan.At))
	r.int(us(plan.Until))
	r.text(string(plan.Number))
	r.text(plan.Reason)
	r.int(us(plan.Earliest))
	r.int(now)
	r.int(in.campaign.RulesVersion)
	r.int(now)
	r.int(now)
	r.text(c.Account)
	at = r.begin()
	r.buf = appendTexts(r.buf, c.Places)
	r.finish(at)
	r.int(plan.Turn)
	return nil
}

// plan is the rule's for a lead never tried. Such leads differ by their site and their first number alone, so one
// decision serves all of the same site; suppressed numbers, consents and several sites make a lead a case of its own.
// Calls to other leads are not asked for here: the claim judges them.
func (in *intake) plan(c *candidate) (campaign.Plan, campaign.LeadState) {
	s, shut := c.site, in.shutOf(c)
	if !s.alone || len(shut) > 0 {
		f := in.facts(c, shut)
		plan := in.decide(f)
		if len(shut) > 0 && plan.Open() && !callable(f) {
			return plan, campaign.LeadSuppressed
		}
		return plan, plan.LeadState()
	}
	if !s.planned {
		s.plan, s.planned = in.decide(in.facts(c, nil)), true
	}
	plan := s.plan
	if plan.Open() {
		plan.Number = c.Numbers[0].Phone
	}
	return plan, plan.LeadState()
}

func (in *intake) decide(f *campaign.Facts) campaign.Plan {
	plan := in.t.rules.Decide(f)
	if plan.Verdict == campaign.NoVerdict {
		plan = campaign.Plan{Verdict: campaign.VerdictCall, Number: f.Lead.Numbers[0].Phone, Reason: campaign.ReasonDue, At: f.Now, Earliest: f.Now}
	}
	return plan
}

func (in *intake) facts(c *candidate, shut []campaign.Suppression) *campaign.Facts {
	f := &campaign.Facts{Campaign: in.campaign, List: in.list, Calendars: in.calendars, Now: in.t.now, Lead: in.leadOf(c, c.site.zones),
		Suppressions: shut}
	if !c.site.alone {
		f.Consents = in.consentsOf(c)
	}
	return f
}

// shutOf are the suppressions of a draft's numbers that bind for it, each once.
func (in *intake) shutOf(c *candidate) (out []campaign.Suppression) {
	if len(in.shut) == 0 {
		return nil
	}
	lead := campaign.Lead{CampaignID: in.campaign.ID, Numbers: c.Numbers, Places: c.Places}
	for j := range c.Numbers {
		p := c.Numbers[j].Phone
		all := in.shut[in.numbers.ids[string(p)].id]
		if len(all) == 0 || dialledBefore(c.Numbers[:j], p) {
			continue
		}
		for i := range all {
			if all[i].Binds(&lead, in.campaign, p) {
				out = append(out, all[i])
			}
		}
	}
	return out
}

var problemInsert = []string{"list_id", "line", "n", "heading", "value", "reason", "message", "suggestion", "warning", "cells"}

// problems writes the file's problems and those of the drafts that were lost; the warnings of a lost one are void.
func (in *intake) problems(given []campaign.Problem) error {
	rows := make([]campaign.Problem, 0, len(given)+len(in.lost))
	for _, p := range given {
		if _, lost := in.lost[p.Line]; !lost || !p.Warning {
			rows = append(rows, p)
		}
	}
	for _, line := range inOrder(in.lost) {
		rows = append(rows, in.lost[line].problem(line, in.campaign.ID))
	}
	nth := make(map[int]int64)
	return in.t.insert("problems", problemInsert, len(rows), func(i int, r *bulkRow) error {
		p := &rows[i]
		r.int(int64(in.list.ID))
		r.int(int64(p.Line))
		r.int(nth[p.Line])
		r.text(p.Column)
		r.text(p.Value)
		r.text(p.Reason)
		r.text(p.Message)
		r.text(p.Suggestion)
		r.flag(p.Warning)
		at := r.begin()
		r.buf = appendTexts(r.buf, p.Row)
		r.finish(at)
		nth[p.Line]++
		return nil
	})
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
