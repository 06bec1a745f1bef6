-- Whether a number is still somebody's who was withdrawn is asked when a person is erased.
CREATE INDEX leads_first ON leads (first_subject) WHERE state = 'withdrawn';
