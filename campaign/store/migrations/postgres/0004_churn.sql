-- apart
-- Settings for tables that change all the time: room in each page for the next version of a row, and a vacuum that comes for
-- what died and not for a fifth of the table, so that the indexes a claim reads keep their size. Nothing of this is seen by a
-- program: nodes of either version go on. The figures are from an hour of churn (make soak prints the sizes).

-- A lead is written at its claim and at its outcome, an assignment at its start and its end.
ALTER TABLE leads SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE assignments SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 1, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE subject_uses SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 1, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE appointments SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- As many rows as agents, written several times a minute each.
ALTER TABLE sessions SET (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0);
-- A queue: a row lives for a fifth of a second.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_scale_factor = 0.2);
ALTER TABLE leases SET (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE uploads SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
-- Written once and never again: what vacuum would do, an index-only scan wants.
ALTER TABLE events_rest SET (autovacuum_vacuum_insert_scale_factor = 0.1);

-- A booking that is sent again is found by the call that made it, a suppression that ends by when.
DROP INDEX CONCURRENTLY IF EXISTS appointments_booker;
CREATE INDEX CONCURRENTLY appointments_booker ON appointments (booked_by) WHERE booked_by > 0;
DROP INDEX CONCURRENTLY IF EXISTS suppressions_end;
CREATE INDEX CONCURRENTLY suppressions_end ON suppressions (expires_at) WHERE expires_at > 0;
-- What is overdue comes in the order in which it is asked for.
DROP INDEX CONCURRENTLY IF EXISTS appointments_overdue;
CREATE INDEX CONCURRENTLY appointments_overdue ON appointments (grace_end, id) WHERE closed_at = 0;
DROP INDEX CONCURRENTLY IF EXISTS appointments_grace;
