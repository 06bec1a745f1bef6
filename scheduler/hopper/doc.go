// Package hopper keeps, for each running campaign, a small window of the leads to offer next in Redis, so that a batch
// of waiting agents is served by one pop and not by a query.
//
// It decides what is in the window: how many leads, when it is filled again, and what is served while Redis is away
// (straight from the record, I8). It never decides who gets a lead: what is taken is a hint, and the claim in the
// record settles it. It keeps no lease and nothing that could not be lost: a window that was flushed is filled again
// from the record.
//
// A campaign has two lanes, tried and fresh, each a sorted set of lead ids by their score in the order of offering.
// Beside them stand a generation, raised by Drop so that a filler that read the record before a change cannot put
// back what the change removed, and the leads taken in the last seconds, so that a filler does not put back leads
// that are on their way to a claim. All keys of a campaign share a hash tag, {c42}, and so a cluster's slot.
package hopper
