-- A source's keys of calls made elsewhere name them within a campaign: who may tell of one cannot take those of another.
-- campaign_id 0: told before.
CREATE TABLE outside_calls_keyed (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  lead_id     INTEGER NOT NULL,
  source      TEXT   NOT NULL CHECK (length(source) BETWEEN 1 AND 100),
  key         TEXT   NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  number      TEXT   NOT NULL,
  placed_at   INTEGER NOT NULL,
  outcome     TEXT   NOT NULL,
  talk_us     INTEGER NOT NULL DEFAULT 0,
  inbound     BOOLEAN NOT NULL DEFAULT FALSE,
  created_at  INTEGER NOT NULL,
  campaign_id INTEGER NOT NULL DEFAULT 0
);
INSERT INTO sqlite_sequence (name, seq) SELECT 'outside_calls_keyed', q.seq FROM sqlite_sequence q WHERE q.name = 'outside_calls';
INSERT INTO outside_calls_keyed (id, lead_id, source, key, number, placed_at, outcome, talk_us, inbound, created_at)
  SELECT id, lead_id, source, key, number, placed_at, outcome, talk_us, inbound, created_at FROM outside_calls;
DROP TABLE outside_calls;
ALTER TABLE outside_calls_keyed RENAME TO outside_calls;
CREATE UNIQUE INDEX outside_calls_key ON outside_calls (source, key, campaign_id);
CREATE INDEX outside_calls_lead ON outside_calls (lead_id, placed_at);
