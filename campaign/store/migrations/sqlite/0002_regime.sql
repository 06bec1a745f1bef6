-- The rule of time to the full: caps over persons and accounts, places, calendars, consents, calls made elsewhere.
-- Old nodes go on beside new ones: columns are added with defaults, none changes its meaning for a row that exists.
-- calendar_groups.calendar holds the sites as JSON where there is more to them than the zones; empty: the zones alone.
-- assignments.calendar and attempts.calendar hold the note of the law as JSON; empty: nothing but the campaign's hours.

ALTER TABLE lists ADD COLUMN hours TEXT NOT NULL DEFAULT '[]';
ALTER TABLE lists ADD COLUMN calendars TEXT NOT NULL DEFAULT '[]';

ALTER TABLE leads ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN places TEXT NOT NULL DEFAULT '[]';
ALTER TABLE leads ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;    -- place among the leads that roll over to a day; 0: none
CREATE INDEX leads_turn ON leads (group_id, turn) WHERE state = 'open' AND verdict = 'call' AND turn > 0;

-- Fresh leads that do not wait for an agent alone: they were put off. There are few.
CREATE INDEX leads_put ON leads (group_id, earliest)
  WHERE state = 'open' AND verdict = 'call' AND last_placed = 0 AND earliest > decided_at;

-- Leads left to plan anew: under other rules than their campaign's, or exhausted for want of a callable time before a
-- calendar of the campaign's changed.
ALTER TABLE campaigns ADD COLUMN reopened_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX leads_rules ON leads (campaign_id, rules_version, id) WHERE state IN ('open', 'exhausted', 'suppressed');
CREATE INDEX leads_shut ON leads (campaign_id, decided_at) WHERE state = 'exhausted' AND reason = 'no_callable_time';

ALTER TABLE assignments ADD COLUMN subjects TEXT NOT NULL DEFAULT '[]';  -- whose uses the call is kept for; empty: subject_id alone

-- lead_numbers holds every subject of a lead: its numbers, its person (kind person, key source and external id with a
-- unit separator between), its account (kind account).
INSERT INTO subjects (kind, key) SELECT DISTINCT 'person', l.source || char(31) || l.external_id FROM leads l
  WHERE l.external_id <> '' AND l.state <> 'withdrawn' ON CONFLICT DO NOTHING;
INSERT INTO lead_numbers (subject_id, lead_id) SELECT u.id, l.id FROM leads l
  JOIN subjects u ON u.kind = 'person' AND u.key = l.source || char(31) || l.external_id
  WHERE l.external_id <> '' AND l.state <> 'withdrawn' ON CONFLICT DO NOTHING;

ALTER TABLE subject_uses ADD COLUMN phone   TEXT NOT NULL DEFAULT '';      -- that was dialled; empty: the subject's own
ALTER TABLE subject_uses ADD COLUMN matter  TEXT NOT NULL DEFAULT '';      -- of the campaign then
ALTER TABLE subject_uses ADD COLUMN outside BOOLEAN NOT NULL DEFAULT FALSE; -- told of: assignment_id is minus the outside call's id
ALTER TABLE subject_uses ADD COLUMN inbound BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE outside_calls (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  lead_id    INTEGER NOT NULL,
  source     TEXT   NOT NULL CHECK (length(source) BETWEEN 1 AND 100),
  key        TEXT   NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  number     TEXT   NOT NULL,
  placed_at  INTEGER NOT NULL,
  outcome    TEXT   NOT NULL,
  talk_us    INTEGER NOT NULL DEFAULT 0,
  inbound    BOOLEAN NOT NULL DEFAULT FALSE,
  created_at INTEGER NOT NULL,
  UNIQUE (source, key)
);
CREATE INDEX outside_calls_lead ON outside_calls (lead_id, placed_at);

CREATE TABLE calendars (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT   NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 50),
  version    INTEGER NOT NULL DEFAULT 1,
  data       TEXT   NOT NULL,                    -- JSON: weeks and days
  updated_at INTEGER NOT NULL
);
-- Every version of a calendar, so that an attempt can be judged by the one it was made under.
CREATE TABLE calendar_versions (
  calendar_id INTEGER NOT NULL,
  name        TEXT   NOT NULL,
  version     INTEGER NOT NULL,
  data        TEXT   NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (calendar_id, version)
);
CREATE INDEX calendar_versions_name ON calendar_versions (name, version);

CREATE TABLE consents (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  subject_id INTEGER NOT NULL,                    -- the number, or the person: the external id's, else the first number's
  lead_id    INTEGER NOT NULL,
  phone      TEXT   NOT NULL DEFAULT '',
  purpose    TEXT   NOT NULL DEFAULT '' CHECK (purpose IN ('','sales','research','collections','service')),
  scopes     TEXT   NOT NULL,
  given_at   INTEGER NOT NULL,
  expires_at INTEGER NOT NULL DEFAULT 0,
  revoked_at INTEGER NOT NULL DEFAULT 0,
  proof      TEXT   NOT NULL CHECK (length(proof) BETWEEN 1 AND 500),
  source     TEXT   NOT NULL DEFAULT '',
  revoked_by TEXT   NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL
);
CREATE INDEX consents_subject ON consents (subject_id);
CREATE INDEX consents_lead ON consents (lead_id);
