// Package campaign is the record: the nouns of an outbound call centre and the rules that need nothing but them.
//
// It decides what a campaign, a list, a lead, an attempt, a promise and a suppression are, which of their states
// may follow which, and what an importer makes of a row. It never reads a clock, never opens a file or a socket,
// and never decides when a lead may be called: that is package scheduler's.
//
// The states of a lead:
//
//	            claim                    outcome: retry, appointment
//	┌────────┐ ───────────────▶ ┌──────┐ ────────────────▶ open
//	│  open  │                  │ held │ ────────────────▶ finished   (done, refused, bad_data)
//	└────────┘ ◀─────────────── └──────┘ ────────────────▶ suppressed (do_not_call)
//	    │  ▲     decline, lapse              ────────────▶ exhausted  (max_attempts, max_days, expired, no_callable_time)
//	    │  │
//	    │  └── reopened by somebody, or by a change of rules
//	    └────▶ withdrawn (undo of an import, withdrawn by its owner), suppressed, exhausted, finished
package campaign
