-- apart
-- What was revoked of late: every node asks once a second.
DROP INDEX CONCURRENTLY IF EXISTS tokens_revoked;
CREATE INDEX CONCURRENTLY tokens_revoked ON tokens (revoked_at) WHERE revoked_at > 0;
