-- apart
-- A source's keys of calls made elsewhere name them within a campaign: who may tell of one cannot take those of another.
-- campaign_id 0: told before, or by an older node, which still asks for the key alone.
ALTER TABLE outside_calls ADD COLUMN IF NOT EXISTS campaign_id BIGINT NOT NULL DEFAULT 0;
DROP INDEX CONCURRENTLY IF EXISTS outside_calls_key;
CREATE UNIQUE INDEX CONCURRENTLY outside_calls_key ON outside_calls (source, key, campaign_id);
ALTER TABLE outside_calls DROP CONSTRAINT IF EXISTS outside_calls_source_key_key;
