package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	dialerv1 "redial/proto/dialer/v1"
)

// showCard prints what an agent must see before the call.
func showCard(w io.Writer, card *dialerv1.Card) {
	zone := first(card.GetZones())
	var clocks []string
	for i, z := range card.GetZones() {
		if i < len(card.GetLocalTimes()) {
			z = strings.Replace(card.GetLocalTimes()[i], "T", " ", 1) + " " + z
		}
		clocks = append(clocks, z)
	}
	rows := [][]string{
		{"assignment", number(card.GetAssignmentId())},
		{"lead", strings.TrimSpace(fmt.Sprintf("%d %s", card.GetLeadId(), card.GetName()))},
		{"campaign", card.GetCampaignName()},
		{"reason", strings.TrimSpace(card.GetReason() + "  " + card.GetWhy())},
		{"number", cmp.Or(card.GetNumber(), card.GetMaskedNumber())},
		{"their time", strings.Join(clocks, ", ")},
	}
	if p := card.GetAppointment(); p != nil {
		rows = append(rows, []string{"promised", promiseText(p)})
	}
	if card.GetOfferUntil() != nil && card.GetPlacedAt() == nil {
		rows = append(rows, []string{"lapses", when(card.GetOfferUntil(), zone)})
	}
	if card.GetPlacedAt() != nil {
		rows = append(rows, []string{"called", when(card.GetPlacedAt(), zone)})
	}
	writeTable(w, nil, rows)
	for _, a := range card.GetAttributes() {
		if a.GetValue() != "" {
			fmt.Fprintln(w, printable("  "+a.GetName()+": "+a.GetValue(), true))
		}
	}
	showCardHistory(w, card, zone)
	if card.GetScript() != "" {
		fmt.Fprintf(w, "\n%s\n", printable(card.GetScript(), true))
	}
	showChoices(w, card.GetOutcomes())
}

func showCardHistory(w io.Writer, card *dialerv1.Card, zone string) {
	if card.GetHistoryUnread() {
		fmt.Fprintln(w, "\nhistory: this lead was called before, and the calls cannot be read just now; dialctl next shows the card again")
		return
	}
	if len(card.GetHistory()) == 0 {
		fmt.Fprintln(w, "\nhistory: never called")
		return
	}
	fmt.Fprintln(w, "\nhistory:")
	var rows [][]string
	for _, a := range card.GetHistory() {
		rows = append(rows, []string{"  " + when(a.GetPlacedAt(), zone), a.GetAgentLogin(), cmp.Or(a.GetCode(), word(a.GetOutcome())), a.GetNote()})
	}
	writeTable(w, nil, rows)
}

// showChoices numbers the outcomes, as a desk takes them.
func showChoices(w io.Writer, choices []*dialerv1.OutcomeChoice) {
	if len(choices) == 0 {
		return
	}
	fmt.Fprintln(w, "\noutcomes:")
	var rows [][]string
	for i, o := range choices {
		label := o.GetLabel()
		if label == o.GetCode() {
			label = ""
		}
		rows = append(rows, []string{fmt.Sprintf("  %2d", i+1), o.GetCode(), label})
	}
	writeTable(w, nil, rows)
}
