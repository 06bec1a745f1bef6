-- The leads of a CRM by their ids, withdrawn ones too: the last one is the one that counts.
CREATE INDEX leads_upserted ON leads (source, external_id, id) WHERE source <> '';
-- Leads are looked for by their external id, whoever gave it.
CREATE INDEX leads_external_id ON leads (external_id, id) WHERE external_id <> '';
