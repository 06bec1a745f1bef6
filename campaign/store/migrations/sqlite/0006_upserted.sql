-- The leads of a CRM by their ids, withdrawn ones too: the last one is the one that counts.
CREATE INDEX leads_upserted ON leads (source, external_id, id) WHERE source <> '';
