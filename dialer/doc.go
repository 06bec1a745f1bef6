// Package dialer is the live floor: what an agent is doing, who is offered which campaign next, and the seam to
// the telephone.
//
// All rules of the floor are one pure function, Step: a session, an instant and an event in; the next session and
// a few actions out. The agent's session row (campaign.Session) is the truth whatever node the agent is at. The
// store runs Step while that row is locked, and writes what it returns with one row of the ledger in one transaction.
// What the session let go of is released or given up in it, and a sign of life renews the lease of a placed call. A timer
// at the next session's Deadline feeds Timer back in; should its node die, a sweep finds rows whose Deadline is past and
// feeds the same event. A simulator drives the same function with virtual time.
//
//	                 SignIn                      WantReady
//	┌────────────┐ ──────────▶ ┌───────────────┐ ───────────────▶ ┌─────────┐
//	│ signed_out │             │ break(reason) │                  │  ready  │ ◀─────────────┐
//	└────────────┘ ◀────────── └───────────────┘ ◀─────────────── └─────────┘               │
//	 ▲  from any state: SignOut,        ▲  ▲         WantBreak         │ Offer              │
//	 │  heartbeat lost, Forced          │  │                           ▼                    │
//	 │                                  │  └──────────────────── ┌───────────┐  Declined,   │
//	 │                                  │    offer not started   │  offered  │ ─ Revoked ─▶ ┤
//	 │                                  │    (offer_lapsed)      └───────────┘              │
//	 │                                  │                              │ Start              │
//	 │   heartbeat lost for a lease     │                              ▼                    │
//	 ├───────────── (GiveUp) ───────────┼────────────────────────┌───────────┐              │
//	 │                                  │                        │  on_call  │              │
//	 │                                  │                        └───────────┘              │
//	 │                                  │                              │ CallEnded,         │
//	 │                                  │ outcome_missing (GiveUp),    ▼ Concluded          │
//	 │                                  └─────────────────────── ┌───────────┐  wrap-up over│
//	 └────────────────────────────────────────────────────────── │  wrap_up  │ ─ WantReady ─┘
//	                                                             └───────────┘
//
// What it decides:
//   - Sign-in ends in break(signed_in): nobody gets a call who did not ask for one. Signing in again, from
//     whatever node, raises the epoch and keeps the state and the lead in hand; the old stream is closed and its
//     words are refused with SIGNED_IN_ELSEWHERE.
//   - An offer not started in OfferTime goes back, and its agent goes on break(offer_lapsed) at once: an empty
//     chair burns one offer, not a list. A declined or revoked offer leaves the agent ready.
//   - Wrap-up follows every call, answered or not. It runs from the conversation's end when that was told, else
//     from the outcome. The agent may end it early once the outcome is recorded.
//   - No outcome when wrap-up ends: the agent is reminded (outcome_overdue); OutcomeWait later the attempt becomes
//     UNKNOWN and the agent goes on break(outcome_missing). A late outcome is still taken by the record.
//   - A break or sign-out asked for with a lead in hand waits in Session.Next until the call is over; an offer that
//     was not started is given back at a sign-out.
//   - No sign of life for Heartbeat: signed out (heartbeat_lost), an offer not started goes back. With a placed call
//     in hand it takes a whole Lease, then the attempt is UNKNOWN. In wrap-up this is judged when wrap-up ends.
//   - A supervisor's word never cuts a conversation, except signed_out, which is the way out for a stuck agent.
//   - A deadline acts when Timer is fed, not before: what an agent manages to do until then counts.
//
// What it never does: read a clock, open a connection, decide when a lead may be called (package scheduler), hand
// out a lead by itself (the claim does), change an agent's state without telling the agent why, or forget an
// assignment: each one offered is released, given up or concluded.
package dialer
