-- In which order calls were started: in one file the instant of the start, for one process alone writes it. 0: not
-- started, or by an older program.
ALTER TABLE assignments ADD COLUMN start_no BIGINT NOT NULL DEFAULT 0;
