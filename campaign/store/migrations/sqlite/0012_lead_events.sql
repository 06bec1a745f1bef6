-- What was told of a lead is looked for when its person is erased or exported.
CREATE INDEX events_lead ON events (lead_id);
