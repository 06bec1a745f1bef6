-- What was revoked of late: every node asks once a second.
CREATE INDEX tokens_revoked ON tokens (revoked_at) WHERE revoked_at > 0;
