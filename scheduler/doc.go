// Package scheduler is the rule of time: it decides when a lead may be called again, and why. A decision depends on
// its arguments alone, now among them: the rule never reads a clock and does no I/O. What finds due work asks the
// record through the small interfaces it declares; technology lies in the subpackages.
//
// The source rule: a record that needs another visit and has no exact time is offered again every 4 hours, at most
// 3 times a day; if it still has not succeeded it joins the next day's list. A record with an agreed time is offered
// at that time. What follows makes that exact: the source rule first, then what calendars, law and the calls of others
// add to it. testdata/vectors.jsonl and testdata/regime.jsonl hold cases of both with their answers.
//
// # Words
//
//   - An attempt is a call that was placed. Being skipped, or lapsing before dialling, is no attempt.
//   - Placed at is the instant the call was placed, in whole seconds; intervals and caps count from it.
//   - A counted attempt is one without a network outcome (CONGESTION, TRUNK_ERROR), which says nothing of the lead.
//   - Zones are the IANA zones in which the lead may be: one if it is known, several if guessed from a number.
//   - The local day is the calendar date of an instant in a zone. It may last 22 to 25 hours, or be missing.
//   - Callable at t: in every zone, t's local date is no holiday and its wall-clock time lies in one of the
//     weekday's half-open windows (for layers, calendars and law see Hours). A window over midnight is written as two.
//     Because the wall clock is asked, gaps and overlaps need no policy: a window that opens inside a gap opens after
//     it, an hour that occurs twice counts twice.
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
//	caps                 none               at most max calls in any period, or in any so many days (see Caps)
//	cool_offs            none               waits after calls of some kind (see Caps)
//	rotate               false              after NO_ANSWER or BUSY the next good number goes first (see Numbers)
//	mix_hours            false              rolled-over leads take turns over the parts of the day (order alone)
//	network_retry        5m                 wait after a network outcome
//	network_retry_limit  3                  after more network outcomes in a row than this, interval applies
//	calendars            none               names of calendars that apply besides hours and holidays
//	purpose              sales              sales, research, collections or service: which rules of the packs apply
//	matter               none               campaigns of one matter share caps of scope subject; none: its own
//	packs                none               law packs that are switched on
//	waivers              none               rules of the packs that somebody answers for not keeping, each with a reason
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
//     first instant with a later local date; again from a. (c) The first limit that binds at t, of the campaign's caps
//     in order, then its cool-offs, then the caps and cool-offs of the law in the order of the packs (see Caps): the
//     instant at which it lets go; again from a. (d) When nothing moves t any more and the law asks at t for a consent
//     that does not stand: exhausted, no_consent.
//  7. max_days distinct dates (first zone) are used and t's is none of them: exhausted, max_days. t is at or after
//     expires_at: exhausted, expired.
//  8. Call at t. Until is the first instant after t that is not callable, or expires_at, or, with max_days reached,
//     the first later local date, or at which a consent that the law asks for lacks; none if that is more than
//     7 x 24 h away. The reason is the last limit that moved t: day_cap (max_per_day, caps over days), rolling_cap (caps
//     over a period), cool_off (the campaign's or the law's) or law_cap; else, if hours moved t, whose hours were closed
//     when they first did: hours if those of campaign and list were, law_hours if the law's alone were; else, if t is
//     later than now, network after a network outcome and interval after any other; else due.
//
// Plan.Earliest is where t comes to rest when step 6a is left out: what depends on the lead alone. It is never later
// than the first instant at which the lead can be called, so a search for "earliest has come and the hours are open"
// misses nobody; Decide runs again on what is found. Of several candidates (see Numbers) it is the earliest of theirs.
//
// # Sites
//
//  1. Each number has a site: its own zones, or the lead's when it has none; and places, such as "US" or "US-FL": the
//     lead's (by its address) and its own (by its area code) together. A place is in another when it is that one or
//     begins with it and a dash: US-FL is in US. A lead without any place is in the region of its campaign; a case says
//     so itself.
//  2. Everything that asks for a zone asks the zones of the site; "first zone" is the site's.
//
// # Hours
//
// A site is callable at t when, in every zone of it, all of these are open at t's wall-clock time on its local date D:
// the campaign layer, the list layer, and every law rule of kind hours that binds.
//
//  1. The campaign layer is, on D, the rules' hours if given; else the weekly hours in force on D of the calendars that
//     the campaign names (of several the one with the shortest range of dates, then the one named first); else 09:00 to
//     21:00 on every day.
//  2. The list layer is the list's hours if given; else the weekly hours in force on D of the calendars that the list
//     names, chosen alike; else always open. So a list narrows and never widens.
//  3. D is a special day if a calendar that the campaign or the list names has a day of that date for everybody, or for
//     a place that one of the site's places is in. Of several: a closure beats all; else the narrowest place wins (a
//     part of a country before the country before everybody); in the same place a working day beats a holiday; then the
//     calendar named first wins, the campaign's before the list's.
//  4. On a holiday or a closure all is closed. A working day is taken as the weekday it names (Monday if none), by both
//     layers; with hours of its own those take the place of the campaign layer's, whatever days they name.
//  5. The rules' holidays are closed always.
//  6. The calendars' special days never open what the law closes.
//
// # Law
//
// A pack is a list of rules as data; nothing here is advice. Its rules are asked as follows.
//
//  1. A rule is about a site when one of the site's places is in one of its places and in none of its exceptions, and
//     about a campaign when it names no purposes or the campaign's. Of several candidate places every rule of each
//     applies: the strictest.
//  2. It does not bind when the campaign waives it, nor, if it is lifted by a guaranteed agent, at all: every call
//     placed from a desk has one on the line before it rings.
//  3. It is in force on its dates, the first and the last included, of each zone that is asked. A date is that of the
//     instant for which a call is planned; a claim and a dialling ask anew for theirs.
//  4. Hours: open at t in a zone when the rule is not in force there on D, or t lies in its windows and, if it closes on
//     public holidays, D is no such day of the pack for the site's places.
//  5. Caps and cool-offs count as the campaign's do (next section), while the rule is in force in some zone; over days,
//     in those zones in which it is.
//  6. Consent: while the rule is in force in some zone, no call without a consent of scope contact.
//  7. A consent stands at t from the instant it was given until it expires or is revoked. It is for every purpose or
//     one, for the person or one number. Where a rule says that a consent lifts it, it does not bind at t while a
//     consent stands, of scope hours for hours and frequency for caps and cool-offs, that was given no longer ago than
//     the rule's consent age, if it has one. A consent for one number makes that number a site of its own.
//  8. An unconfirmed rule, whose source is not the legislator's or regulator's own text, binds like any other and says
//     so wherever it is shown. Every rule that would have forbidden a call and did not bind is noted on the attempt.
//
// # Caps
//
// A cap allows at most max calls that count in any period, or in any so many local calendar days.
//
//  1. Calls are the lead's own attempts and the uses: calls to the same number, person or account of other leads, of
//     whatever list and campaign, and calls made elsewhere and told of. A use is never one of the lead's own attempts.
//  2. Scopes. lead: the own attempts. number: those own attempts and uses that dialled the number to be dialled. person:
//     the own attempts and the uses of the person; a person is whoever shares a number, or source and external id, with
//     the lead. subject: the own attempts and the uses of the person by campaigns of the same matter, or by this one if
//     it names none. account: the own attempts and the uses of the lead's account; of a lead without one, as person.
//     company: as person, and calls made elsewhere, which count for no other scope.
//  3. Counts. attempts: calls with a counted outcome. connects: those whose outcome is a connect. conversations: connects
//     with a talk time of the campaign's threshold (30 s) or more. A call that the person made is none of these.
//  4. A use without an outcome is reserved or goes on. It counts as an attempt. As a connect or a conversation, and for
//     cool-offs, it counts at instants before now + 60 s: by then its outcome is known.
//  5. Over a period: the cap binds at t while max or more calls that count were placed after t - period; it lets go at
//     the max-th most recent's placed-at plus period.
//  6. Over N days: it binds at t, on local date D of some zone, while max or more calls that count have dates there after
//     D - N, up to D; it lets go at the first instant with a date on which they no longer do. max_per_day is another
//     thing: it counts own attempts alone.
//  7. A cool-off allows no call for its period, or so many days, that of the call included, after a call of its kind: it
//     is a cap with max 1 that counts only calls of that kind, of its scope. conversation: as counted above, and with
//     scope company or account also a conversation of a call that the person made. refused, abandoned, machine: that outcome.
//  8. All caps and cool-offs that apply hold at once.
//
// # Numbers
//
//  1. With rotate, after NO_ANSWER or BUSY the numbers of step 2 are taken in a circle, from the one after the number
//     last dialled.
//  2. Of the good numbers, in their order, the first at each site is a candidate. Steps 3 to 8 answer for each; the
//     earliest At wins, the earlier number among equals. A candidate without a call loses against one with; if none has
//     one the first candidate's answer stands. So a lead whose numbers share one site is called on the first good one.
//
// # Appointments
//
// A promise is booked and stored as a local wall time in a zone (WallTime: inside a gap, the first instant after it;
// occurring twice, the first).
//
//  1. JudgeBooking judges it when it is made. Not after now: booking_in_past. Forbidden at that instant by the law's
//     hours, caps, cool-offs or a consent that lacks, given what is known now, for every number: booking_against_law.
//     Insisting helps against neither; a consent may against the law. Not callable by campaign and list for any number
//     that the law allows: booking_outside_hours, unless the customer insisted. The error names the nearest times.
//  2. A promise waives the campaign's own interval, max_per_day, caps, cool-offs and, insisted on, its hours;
//     max_attempts, max_days and expires_at do not cancel it. The call counts. It never waives the law.
//  3. While it is open the verdict is appointment, reason appointment, at the promised instant; where the law does not
//     allow that instant, or now when it has passed, at the first instant after it that the law allows, with the reason
//     law_hours, law_cap or cool_off; exhausted, no_consent, if a consent lacks there. There is no until.
//  4. Past its grace, which ends at closing time at the latest (GraceEnd; that of the law alone if the customer
//     insisted), it is missed: closed in a supervisor's sight and planned again, never dropped in silence. Decide never
//     answers invalid, and answers appointment from the instant to the end of the grace as before it.
//
// # Holds
//
// A CRM may hold a lead off until an instant: no call before it, whatever else allows one; it ends by itself. Step 4's
// instant is then the end of the hold if that is later, with the reason held_off; an open promise's is it, too, and a
// promise whose grace ends before is missed as any other. A hold is not written in cases.
//
// # Order of offering
//
// Due appointments; due CALL_LATER leads whose last talk was with the asking agent; tried leads rolled over from an
// earlier day; due retries; fresh leads by list priority and import order (Tier, Compare). A lead never tried is
// fresh however long it has waited, or a large fresh list would outrank every retry.
//
// Rolled-over leads go by the instant they became due, and so in the same order on every day. With mix_hours they go by
// their turn (Plan.Turn), after those that have none: the local day of At, then a slot of that day. The day, from its
// first opening to its last closing, has four parts; the slot lies in the one in which the lead was tried least, a hash
// of its id choosing among equals and within the part. Nothing but the order depends on it.
//
// # Groups
//
// Leads of one list with the same sites share a calendar group. A lead is due when its Plan.Earliest has come and its
// group is open: one of its sites is, by campaign, list and law; with a consent to the hours, without those that such a
// consent lifts. That is a hint to look at the lead: the claim decides by all of the above, and puts it off. So no lead
// is rewritten at opening or closing time, nor when a calendar or the hours of a list change; those that had no callable
// time are planned anew then.
//
// # Zone data
//
// Zones are those of the data that the program carries (TZData tells its version), or of newer data given at the start
// (UseTZData), never the machine's: all nodes of one database decide by the same offsets.
//
// # Cases
//
// A case is one JSON object a line with all that an answer depends on (ParseCase, EncodeCase; Case.Answer judges its
// appointment as of its now, then decides). Instants are RFC 3339 in whole seconds, durations Go's, dates YYYY-MM-DD.
//
//	id, now, want    want is passed over
//	rules            as above; hours [{days, open, close}], caps [{scope, count, max, period or days}],
//	                 cool_offs [{after, scope, period or days}], waivers [{rule, reason}]
//	lead             zones, numbers (a text, or {number, zones, places}), account, places
//	attempts         [{placed_at, outcome, number, new_number, talk}] in order of time
//	appointment      {local, zone, customer_insisted}
//	campaign         the id of the campaign that asks; conversation: its threshold
//	list             {hours, calendars}
//	calendars        by name, {weeks [{from, to, hours}], days [{date, kind, name, place, as, hours, source}]}
//	law              the rules of the packs that rules.packs names, as packs write them; law_days: their holidays
//	uses             [{placed_at, number, outcome, talk, campaign, matter, person, account, outside, inbound}] in order
//	consents         [{number, purpose, scopes, given_at, expires_at, revoked_at}]
//
// What is left out says nothing: rules default as above, a use without an outcome is open. A line that is malformed is
// refused with the field that is wrong.
//
// # Gates
//
// Judge tells whether a lead may be offered or dialled now, over the record (campaign, list, state, suppressions) and
// the rule; Explain shows every gate by the same code, so that they cannot disagree (I10).
package scheduler
