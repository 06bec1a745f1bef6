-- The indexes of open assignments are as small as the floor, in a table that grows for ever. A share of its rows is the
-- wrong measure of when they need clearing: with a hundredth of them, ten million calls on, they are twice as large. And
-- PostgreSQL leaves indexes alone while few of a table's pages hold what died, which of a long table are always few.
ALTER TABLE assignments SET (autovacuum_vacuum_scale_factor = 0.001, autovacuum_vacuum_threshold = 10000, vacuum_index_cleanup = on,
  vacuum_truncate = off);
-- Giving the end of a table back asks for it alone, every ten seconds here, while calls wait. It fills again at once.
ALTER TABLE sessions SET (vacuum_truncate = off);
ALTER TABLE leads SET (vacuum_truncate = off);
ALTER TABLE subject_uses SET (vacuum_truncate = off);
ALTER TABLE outbox SET (vacuum_truncate = off);
ALTER TABLE leases SET (vacuum_truncate = off);
