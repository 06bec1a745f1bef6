-- CRMs and access: events out and leads in, scopes of suppressions, grants, an audit log. Old nodes go on beside new ones, but
-- see nothing of it: a suppression of one campaign or country, and what a CRM holds off, binds once every node is of this version.

ALTER TABLE tokens ADD COLUMN campaigns   TEXT NOT NULL DEFAULT '[]';   -- ids that it may see; empty: every one
ALTER TABLE tokens ADD COLUMN permissions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tokens ADD COLUMN certificate TEXT NOT NULL DEFAULT '';     -- the name of the client certificate that it is
CREATE UNIQUE INDEX tokens_certificate ON tokens (certificate) WHERE certificate <> '' AND revoked_at = 0;

ALTER TABLE campaigns ADD COLUMN pre_call     TEXT NOT NULL DEFAULT '{}'; -- JSON: who is asked before a call
ALTER TABLE campaigns ADD COLUMN mask_numbers BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE lists ADD COLUMN source TEXT NOT NULL DEFAULT '';           -- the CRM whose upserted leads it holds; empty: a file's
CREATE UNIQUE INDEX lists_source ON lists (campaign_id, source) WHERE source <> '';

ALTER TABLE leads ADD COLUMN revision    INTEGER NOT NULL DEFAULT 0;     -- a CRM's own count of changes
ALTER TABLE leads ADD COLUMN hold_until  INTEGER NOT NULL DEFAULT 0;     -- a CRM said: not before
ALTER TABLE leads ADD COLUMN hold_reason TEXT   NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN erased_at   INTEGER NOT NULL DEFAULT 0;

-- Suppressions of one campaign or one country; those that bind everywhere are in suppressions.
CREATE TABLE scoped_suppressions (
  subject_id  INTEGER NOT NULL REFERENCES subjects(id),
  campaign_id INTEGER NOT NULL DEFAULT 0,
  country     TEXT   NOT NULL DEFAULT '',
  reason      TEXT   NOT NULL,
  source      TEXT   NOT NULL DEFAULT '',
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (subject_id, campaign_id, country),
  CHECK ((campaign_id > 0) <> (country <> ''))
);
CREATE INDEX scoped_suppressions_end ON scoped_suppressions (expires_at) WHERE expires_at > 0;

CREATE TABLE webhooks (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  version      INTEGER NOT NULL DEFAULT 1,
  name         TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  url          TEXT   NOT NULL,
  secret       TEXT   NOT NULL,                    -- base64; needed whole to sign
  old_secret   TEXT   NOT NULL DEFAULT '',
  old_until    INTEGER NOT NULL DEFAULT 0,
  campaigns    TEXT   NOT NULL DEFAULT '[]',       -- chosen; empty: of all that it may see
  granted      TEXT   NOT NULL DEFAULT '[]',       -- that its maker may see; empty: every one
  types        TEXT   NOT NULL DEFAULT '[]',
  full_numbers BOOLEAN NOT NULL DEFAULT FALSE,      -- its maker may see numbers that a campaign masks
  is_on        BOOLEAN NOT NULL DEFAULT TRUE,
  owner        TEXT   NOT NULL,
  seq          INTEGER NOT NULL,                    -- of the last event that was made a delivery or passed over
  delivered_at INTEGER NOT NULL DEFAULT 0,
  failures     INTEGER NOT NULL DEFAULT 0,           -- tries that failed since the last delivery
  fault        TEXT   NOT NULL DEFAULT '',
  created_at   INTEGER NOT NULL
);
-- Events on their way: a range of the stream, of which those that the webhook hears of are sent. Gone once delivered.
CREATE TABLE deliveries (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook_id INTEGER NOT NULL REFERENCES webhooks(id),
  from_seq   INTEGER NOT NULL,
  to_seq     INTEGER NOT NULL,
  event_count INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL,                      -- 0: dead
  held_until INTEGER NOT NULL DEFAULT 0,            -- a node is sending it
  fault      TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX deliveries_due ON deliveries (next_at, id) WHERE next_at > 0;
CREATE INDEX deliveries_of ON deliveries (webhook_id, id);

-- Who did what: only ever added to, each entry with the hash of the one before. The head is the one row that is written.
CREATE TABLE audit_log (
  seq         INTEGER PRIMARY KEY,
  at          INTEGER NOT NULL,
  owner       TEXT   NOT NULL,
  token_id    INTEGER NOT NULL,
  role        TEXT   NOT NULL,
  from_addr   TEXT   NOT NULL,
  action      TEXT   NOT NULL,
  target      TEXT   NOT NULL,
  before_json TEXT   NOT NULL,
  after_json  TEXT   NOT NULL,
  reason      TEXT   NOT NULL,
  hash        TEXT   NOT NULL
);
CREATE INDEX audit_log_target ON audit_log (target, seq);
CREATE TABLE audit_head (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  seq  INTEGER NOT NULL,
  hash TEXT   NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');
CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;

-- What a place in the stream of events belongs to: its numbering since the record was made, or restored from a backup.
CREATE TABLE epochs (
  n           INTEGER PRIMARY KEY,
  id          TEXT   NOT NULL UNIQUE,
  last_before INTEGER NOT NULL                      -- places of older epochs beyond this one are lost
);
INSERT INTO epochs (n, id, last_before) VALUES (1, lower(hex(randomblob(16))), 0);
CREATE TABLE stream_edge (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  dropped INTEGER NOT NULL                          -- the last place whose event retention dropped
);
INSERT INTO stream_edge (id, dropped) SELECT 1, COALESCE(min(seq) - 1, 0) FROM events;

-- Leads that a CRM withdrew before it told of them: what it tells of them later is older, and makes no lead. Kept 90 days.
CREATE TABLE upsert_gone (
  source      TEXT   NOT NULL,
  external_id TEXT   NOT NULL,
  granted     TEXT    NOT NULL DEFAULT '',          -- the campaigns of who said so, whom alone it binds; empty: everyone
  revision    INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (source, external_id, granted)
);
CREATE INDEX upsert_gone_at ON upsert_gone (at);
