-- apart
-- Whether a number is still somebody's who was withdrawn is asked when a person is erased.
DROP INDEX CONCURRENTLY IF EXISTS leads_first;
CREATE INDEX CONCURRENTLY leads_first ON leads (first_subject) WHERE state = 'withdrawn';
