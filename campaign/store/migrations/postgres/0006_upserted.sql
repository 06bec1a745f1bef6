-- apart
-- The leads of a CRM by their ids, withdrawn ones too: the last one is the one that counts.
DROP INDEX CONCURRENTLY IF EXISTS leads_upserted;
CREATE INDEX CONCURRENTLY leads_upserted ON leads (source, external_id, id) WHERE source <> '';
