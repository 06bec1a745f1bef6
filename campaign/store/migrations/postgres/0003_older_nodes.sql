-- Nodes of schema 1 count a call on its number alone, also one that a newer node reserved on every subject of the lead.
-- What they leave is found by these two and counted in full (TellSubjects). Both hold little: calls under way, and calls
-- that an older node offered, until they were seen to.
CREATE INDEX subject_uses_untold ON subject_uses (assignment_id) WHERE outcome = '';
CREATE INDEX subject_uses_alone ON subject_uses (assignment_id) WHERE phone = '' AND NOT outside;
