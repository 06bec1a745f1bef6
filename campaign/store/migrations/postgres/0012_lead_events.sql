-- What was told of a lead is looked for when its person is erased or exported. While the index is built over the months that
-- there are, the stream of events waits, about a minute for 100 million of them; the floor writes to the outbox and does not.
CREATE INDEX events_lead ON events (lead_id);
