-- The indexes of open assignments are as small as the floor, in a table that grows for ever. A share of its rows is the
-- wrong measure of when they need clearing: with a hundredth of them, ten million calls on, they are twice as large. And
-- PostgreSQL leaves indexes alone while few of a table's pages hold what died, which of a long table are always few.
ALTER TABLE assignments SET (autovacuum_vacuum_scale_factor = 0.001, autovacuum_vacuum_threshold = 10000, vacuum_index_cleanup = on);
