-- What is open is few rows of many, at night none: then PostgreSQL believes that there never are any, that whichever index of
-- open rows it takes is as good as another, and in the morning it walks all that is open for every question about one agent.
-- A thousandth is what it shall believe in when its sample has found none.
ALTER TABLE assignments ALTER COLUMN closed_at SET (n_distinct = 1000);
ALTER TABLE appointments ALTER COLUMN closed_at SET (n_distinct = 1000);
ANALYZE assignments (closed_at), appointments (closed_at);
