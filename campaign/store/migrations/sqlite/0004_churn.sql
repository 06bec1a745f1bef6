-- PostgreSQL's step has settings for tables that change all the time, too. SQLite uses freed pages again by itself.


-- A booking that is sent again is found by the call that made it, a suppression that ends by when.
CREATE INDEX appointments_booker ON appointments (booked_by) WHERE booked_by > 0;
CREATE INDEX suppressions_end ON suppressions (expires_at) WHERE expires_at > 0;
-- What is overdue comes in the order in which it is asked for.
CREATE INDEX appointments_overdue ON appointments (grace_end, id) WHERE closed_at = 0;
DROP INDEX appointments_grace;
