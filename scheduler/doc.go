// Package scheduler is the rule of time: it decides when a lead may be called again, and why. A decision depends on
// its arguments alone, now among them: the rule never reads a clock and does no I/O. What finds due work asks the
// record through the small interfaces it declares; technology lies in the subpackages.
//
// The source rule: a record that needs another visit and has no exact time is offered again every 4 hours, at most
// 3 times a day; if it still has not succeeded it joins the next day's list. A record with an agreed time is offered
// at that time. What follows makes that exact, and testdata/vectors.jsonl holds cases with their answers.
//
// # Words
//
//   - An attempt is a call that was placed. Being skipped, or lapsing before dialling, is no attempt.
//   - Placed at is the instant the call was placed, in whole seconds; intervals and caps count from it.
//   - A counted attempt is one without a network outcome (CONGESTION, TRUNK_ERROR), which says nothing of the lead.
//   - Zones are the IANA zones in which the lead may be: one if it is known, several if guessed from a number.
//   - The local day is the calendar date of an instant in a zone. It may last 22 to 25 hours, or be missing.
//   - Callable at t: in every zone, t's local date is no holiday and its wall-clock time lies in one of the
//     weekday's half-open windows. A window over midnight is written as two. Because the wall clock is asked, gaps
//     and overlaps need no policy: a window that opens inside a gap opens after it, an hour that occurs twice
//     counts twice.
//
// # Outcomes and what follows
//
//	outcome                 meaning                                      connect  right party  what follows
//	SUCCESS                 reached, and the call's purpose met          yes      yes          finished, done
//	SUCCESS_PROXY           purpose met through somebody else            yes      no           finished, done
//	REFUSED                 reached, and refused                         yes      yes          finished, refused
//	DO_NOT_CALL             asked not to be called again                 yes      yes          suppressed everywhere, do_not_call
//	APPOINTMENT             an exact time was agreed                     yes      yes          appointment at that time
//	CALL_LATER              reached somebody, no exact time              yes      no           retry
//	NO_ANSWER BUSY
//	UNREACHABLE MACHINE     not reached                                  no       no           retry
//	ABANDONED               a human answered and no agent was there      yes      no           retry
//	UNKNOWN                 placed, its end never reported               no       no           retry; counted
//	WRONG_PERSON            the number is somebody else's                yes      no           next good number at once, else finished, bad_data
//	VACANT_NUMBER FAX
//	NUMBER_CHANGED          bad data; may carry the new number           no       no           the same; the new number becomes the first
//	CONGESTION TRUNK_ERROR  the network, not the lead                    no       no           retry after network_retry; not counted
//
// # Rules of a campaign
//
//	field                default            meaning
//	interval             4h                 from the last attempt's placed-at to the next
//	intervals            {}                 the same per retry outcome; entries for others have no effect
//	max_per_day          3                  counted attempts in one local day; 0: no cap
//	max_attempts         0                  counted attempts in all; 0: no cap
//	max_days             0                  distinct local days (first zone) with a counted attempt; 0: no cap
//	expires_at           none               no call at or after it
//	hours                daily 09:00-21:00  windows of the wall clock
//	holidays             none               local dates
//	caps                 none               rolling caps: scope lead or number, max, period
//	network_retry        5m                 wait after a network outcome
//	network_retry_limit  3                  after more network outcomes in a row than this, interval applies
//
// # The decision
//
// Decide follows these steps; attempts come in order of time, none later than now.
//
//  1. The last outcome is finished or suppressed: that is the answer, whatever else is given.
//  2. A number that any attempt found bad is dropped for good, even if given again. New numbers go to the front, the
//     latest first; the others keep their order. No good number left: finished, bad_data.
//  3. An open appointment wins over everything below, even without attempts. An APPOINTMENT outcome whose
//     appointment is no longer open counts as CALL_LATER.
//  4. The earliest instant t: now without attempts or after bad data. After a network outcome, placed-at plus
//     network_retry, but plus interval (never intervals) when more than network_retry_limit trailing attempts are
//     network outcomes. After any other, placed-at plus intervals[outcome], else interval. Never before now.
//  5. max_attempts reached: exhausted, max_attempts.
//  6. Until nothing moves t: (a) the first callable instant from t; none up to now + 400 x 24 h: exhausted,
//     no_callable_time. (b) For each zone in order, if the counted attempts on t's local date reach max_per_day, the
//     first instant with a later local date; again from a. (c) For each rolling cap in order, over counted attempts
//     (scope number: those to the number to be dialled), if max or more lie after t - period, the max-th most
//     recent's placed-at plus period; again from a.
//  7. max_days distinct dates (first zone) are used and t's is none of them: exhausted, max_days. t is at or after
//     expires_at: exhausted, expired.
//  8. Call at t. Until is the first instant after t that is not callable, or expires_at, or, with max_days reached,
//     the first later local date; none if that is more than 7 x 24 h away. The reason is the last cap that moved t
//     (day_cap, rolling_cap); else hours if they did; else, if t is later than now, network after a network outcome
//     and interval after any other; else due.
//
// Plan.Earliest is where t comes to rest when step 6a is left out: what depends on the lead alone. It is never later
// than the first instant at which the lead can be called, so a search for "earliest has come and the hours are open"
// misses nobody; Decide runs again on what is found.
//
// # Appointments
//
// A promise is booked and stored as a local wall time in a zone (WallTime: inside a gap, the first instant after it;
// occurring twice, the first). JudgeBooking judges it when it is made: not after now is booking_in_past, insisting
// or not; not callable is booking_outside_hours unless the customer insisted. A promise waives the campaign's
// interval, max_per_day and caps, and max_attempts, max_days and expires_at do not cancel it; the call counts. Past
// its grace, which ends at closing time at the latest unless the customer insisted (GraceEnd), it is missed: closed
// in a supervisor's sight and planned again, never dropped in silence. Decide never answers invalid, and answers
// appointment from the instant to the end of the grace as before it.
//
// # Order of offering
//
// Due appointments; due CALL_LATER leads whose last talk was with the asking agent; tried leads rolled over from an
// earlier day; due retries; fresh leads by list priority and import order (Tier, Compare). A lead never tried is
// fresh however long it has waited, or a large fresh list would outrank every retry.
//
// # Gates
//
// Judge tells whether a lead may be offered or dialled now, over the record (campaign, list, state, suppressions) and
// the rule; Explain shows every gate by the same code, so that they cannot disagree (I10).
package scheduler
