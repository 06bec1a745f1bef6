-- In which order calls on a number were started: that in which their transactions had its lock, whatever the clocks of
-- their nodes say. 0: not started, or by an older node.
CREATE SEQUENCE assignment_starts;
ALTER TABLE assignments ADD COLUMN start_no BIGINT NOT NULL DEFAULT 0;
