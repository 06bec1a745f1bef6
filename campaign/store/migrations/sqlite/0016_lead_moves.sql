-- As which lead another goes on that has no source and external id to be found by.
CREATE TABLE lead_moves (
  lead_id INTEGER NOT NULL PRIMARY KEY,
  next_id INTEGER NOT NULL
);
CREATE INDEX lead_moves_next ON lead_moves (next_id);
