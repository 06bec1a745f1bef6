// Package tasks carries wake-ups through Asynq, and sweeps up after the ones that were lost.
//
// It decides when a wake-up is sent, that it does its work not before its instant and once a slot, and what one node at a
// time does besides: the sweep. It never decides about a lead and keeps no truth: a task holds ids and the instant it is
// for, its handler looks at the record again, and a Redis that was flushed costs at most one round of the sweep.
//
//	task               work                                          sent
//	callbacks:release  fill a campaign's hopper                      at the next due instant of a campaign whose hopper ran dry
//	appointment:remind remind the owner of a promise                 for the next hour only
//	appointment:due    offer a promise that is due                   for the next hour only
//	day:rollover       leads of yesterday go first from here on      as the campaign's day begins
//	import:run         take an upload in                             when it is committed
//	leads:replan       decide anew after a change of rules           when they change
//	retention:purge    drop history that is old enough               once a day
//
// What Asynq 0.26 does and what is done about it: it fires up to a second early, so instants are rounded up, and a
// handler that is early waits for the rest. A crash uses up a retry and the last one archives, so there are always
// several. An archived or orphaned task keeps its id for ever, so ids that are taken by one are freed or passed by. Its
// scheduler runs everything once a node, so it is not used: the sweep sends periodic work, and a row in SQL makes each
// slot run once. Its retries are for faults of infrastructure only; what the record refuses is not tried again.
package tasks
