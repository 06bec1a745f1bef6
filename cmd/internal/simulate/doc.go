// Package simulate works campaigns for days in virtual time, through the very code of the live floor: the rulebook
// decides and judges, the finder says which calendar groups are open, the order of offering is the scheduler's, agents
// move by the dialer's step, and the far end is the simulated carrier's table.
//
// It decides nothing about leads and holds no rule of its own: it plays the record, the clock and the people. While it
// runs it counts for itself what must hold (a lead is at one agent, no call breaks a cap or the hours, every promise
// ends, leads are conserved); a breach ends it with the lead's history. It reads no clock, no network and no file: the
// same scenario and seed give the same bytes.
package simulate
