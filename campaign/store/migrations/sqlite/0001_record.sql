-- The record. Instants are UTC microseconds since 1970; 0 means "none" where a column is NOT NULL DEFAULT 0.
-- Sets, maps and lists are JSON text. Every state has its CHECK. Migrations only go forward.

CREATE TABLE campaigns (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  name           TEXT    NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
  state          TEXT    NOT NULL CHECK (state IN ('draft','running','paused','finished')),
  keeps_promises BOOLEAN NOT NULL DEFAULT FALSE,   -- finished, but its open promises are still offered
  version        INTEGER NOT NULL DEFAULT 1,
  zone           TEXT    NOT NULL,
  region         TEXT    NOT NULL DEFAULT '',
  rules          TEXT    NOT NULL,
  rules_version  INTEGER NOT NULL DEFAULT 1,
  floor          TEXT    NOT NULL,
  script         TEXT    NOT NULL DEFAULT '',
  skills         TEXT    NOT NULL DEFAULT '[]',
  codes          TEXT    NOT NULL DEFAULT '[]',
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
);

-- Every version of a campaign's rules, so that an attempt can be judged by those it was made under.
CREATE TABLE campaign_rules (
  campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
  version     INTEGER NOT NULL,
  rules       TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (campaign_id, version)
);

CREATE TABLE lists (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
  name        TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('loading','active','failed','undone')),
  is_on       BOOLEAN NOT NULL DEFAULT TRUE,
  priority    INTEGER NOT NULL DEFAULT 0,
  version     INTEGER NOT NULL DEFAULT 1,
  failure     TEXT    NOT NULL DEFAULT '',
  headings    TEXT    NOT NULL DEFAULT '[]',        -- the file's own columns, for its problems
  row_count       INTEGER NOT NULL DEFAULT 0,
  lead_count      INTEGER NOT NULL DEFAULT 0,
  problem_count   INTEGER NOT NULL DEFAULT 0,
  duplicate_count INTEGER NOT NULL DEFAULT 0,
  suppressed_count INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  loaded_at   INTEGER NOT NULL DEFAULT 0,
  CHECK (row_count = lead_count + problem_count + duplicate_count)
);
CREATE INDEX lists_campaign ON lists (campaign_id, id);

-- A calendar group: the leads of one list that share their zones and calendar. Whether it is open is asked of the
-- group, never written to its leads.
CREATE TABLE calendar_groups (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
  list_id     INTEGER NOT NULL REFERENCES lists(id),
  zones       TEXT    NOT NULL,                     -- JSON list, in the lead's order
  calendar    TEXT    NOT NULL DEFAULT '',          -- empty: the campaign's own hours and holidays
  UNIQUE (list_id, zones, calendar)
);
CREATE INDEX calendar_groups_campaign ON calendar_groups (campaign_id);

-- What caps and suppressions are kept over; locked in id order by whatever claims, dials or suppresses.
CREATE TABLE subjects (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('number','person','matter','account')),
  key  TEXT NOT NULL,
  UNIQUE (kind, key)
);

CREATE TABLE suppressions (
  subject_id INTEGER PRIMARY KEY REFERENCES subjects(id),
  reason     TEXT    NOT NULL,
  source     TEXT    NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE leads (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  campaign_id   INTEGER NOT NULL,
  list_id       INTEGER NOT NULL,
  group_id      INTEGER NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('open','held','finished','exhausted','suppressed','withdrawn')),
  version       INTEGER NOT NULL DEFAULT 1,
  source        TEXT    NOT NULL DEFAULT '',
  external_id   TEXT    NOT NULL DEFAULT '',
  name          TEXT    NOT NULL DEFAULT '',
  numbers       TEXT    NOT NULL,                   -- JSON list of {phone, extension, label}
  attributes    TEXT    NOT NULL DEFAULT '[]',      -- JSON list of {name, value}
  priority      INTEGER NOT NULL DEFAULT 0,
  line          INTEGER NOT NULL DEFAULT 0,
  tries         TEXT    NOT NULL DEFAULT '[]',      -- every attempt as the rule sees it
  first_subject INTEGER NOT NULL,                   -- the number it was taken in with: duplicates are found by it
  first_extension TEXT  NOT NULL DEFAULT '',      -- and its extension: colleagues behind one number are not twins
  dial_subject  INTEGER NOT NULL DEFAULT 0,         -- the number to dial next
  verdict       TEXT    NOT NULL CHECK (verdict IN ('call','appointment','finished','exhausted','suppressed')),
  at            INTEGER NOT NULL DEFAULT 0,
  until         INTEGER NOT NULL DEFAULT 0,
  number        TEXT    NOT NULL DEFAULT '',
  reason        TEXT    NOT NULL,
  earliest      INTEGER NOT NULL DEFAULT 0,         -- the first instant that depends on the lead; the calendar comes on top
  decided_at    INTEGER NOT NULL,
  rules_version INTEGER NOT NULL,
  last_placed   INTEGER NOT NULL DEFAULT 0,         -- 0: never tried, a fresh lead
  owner_id      INTEGER NOT NULL DEFAULT 0,
  assignment_id INTEGER NOT NULL DEFAULT 0,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  CHECK ((state = 'held') = (assignment_id <> 0)),
  CHECK (state <> 'open' OR verdict IN ('call','appointment'))
);
-- Due work, by calendar group: fresh leads in the order of import, tried leads by the instant they wait for.
CREATE INDEX leads_fresh ON leads (group_id, priority DESC, id) WHERE state = 'open' AND verdict = 'call' AND last_placed = 0;
CREATE INDEX leads_tried ON leads (group_id, earliest) WHERE state = 'open' AND verdict = 'call' AND last_placed > 0;
CREATE INDEX leads_owned ON leads (owner_id, earliest) WHERE state = 'open' AND verdict = 'call' AND owner_id > 0;
CREATE INDEX leads_held  ON leads (assignment_id) WHERE assignment_id > 0;
CREATE INDEX leads_list  ON leads (list_id, id);
CREATE UNIQUE INDEX leads_once ON leads (campaign_id, first_subject, first_extension) WHERE state <> 'withdrawn';
-- An external id is unique in its source; without one, in its list.
CREATE UNIQUE INDEX leads_external ON leads (external_id, campaign_id, source, (CASE WHEN source = '' THEN list_id ELSE 0 END))
  WHERE external_id <> '' AND state <> 'withdrawn';

-- Every number of every lead, to find leads by a number.
CREATE TABLE lead_numbers (
  subject_id INTEGER NOT NULL,
  lead_id    INTEGER NOT NULL,
  PRIMARY KEY (subject_id, lead_id)
);
CREATE INDEX lead_numbers_lead ON lead_numbers (lead_id);

CREATE TABLE agents (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  login      TEXT    NOT NULL UNIQUE CHECK (length(login) BETWEEN 1 AND 100),
  name       TEXT    NOT NULL DEFAULT '',
  skills     TEXT    NOT NULL DEFAULT '[]',
  active     BOOLEAN NOT NULL DEFAULT TRUE,
  version    INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL
);
CREATE TABLE agent_campaigns (
  agent_id    INTEGER NOT NULL REFERENCES agents(id),
  campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
  weight      INTEGER NOT NULL DEFAULT 1 CHECK (weight >= 1),
  PRIMARY KEY (agent_id, campaign_id)
);

-- An agent's live state. The truth, whatever node the agent is at; the epoch rises at each sign-in.
CREATE TABLE sessions (
  agent_id      INTEGER PRIMARY KEY REFERENCES agents(id),
  state         TEXT    NOT NULL CHECK (state IN ('signed_out','ready','offered','on_call','wrap_up','break')),
  since         INTEGER NOT NULL,
  reason        TEXT    NOT NULL DEFAULT '',
  deadline      INTEGER NOT NULL DEFAULT 0,
  next_state    TEXT    NOT NULL DEFAULT '',
  next_reason   TEXT    NOT NULL DEFAULT '',
  node          TEXT    NOT NULL DEFAULT '',
  epoch         INTEGER NOT NULL DEFAULT 0,
  heartbeat_at  INTEGER NOT NULL DEFAULT 0,
  assignment_id INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_deadline ON sessions (deadline) WHERE deadline > 0;
CREATE INDEX sessions_node ON sessions (node) WHERE state <> 'signed_out';

-- One lead in one agent's hands; the id is the fencing token.
CREATE TABLE assignments (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  lead_id        INTEGER NOT NULL,
  campaign_id    INTEGER NOT NULL,
  list_id        INTEGER NOT NULL,
  agent_id       INTEGER NOT NULL,
  state          TEXT    NOT NULL CHECK (state IN ('offered','started','concluded','declined','lapsed','revoked')),
  reason         TEXT    NOT NULL,
  number         TEXT    NOT NULL,
  subject_id     INTEGER NOT NULL,
  appointment_id INTEGER NOT NULL DEFAULT 0,
  offered_at     INTEGER NOT NULL,
  lease_until    INTEGER NOT NULL,
  started_at     INTEGER NOT NULL DEFAULT 0,
  placed_at      INTEGER NOT NULL DEFAULT 0,
  ended_at       INTEGER NOT NULL DEFAULT 0,
  closed_at      INTEGER NOT NULL DEFAULT 0,
  close_reason   TEXT    NOT NULL DEFAULT '',
  rules_version  INTEGER NOT NULL,
  zones          TEXT    NOT NULL,
  calendar       TEXT    NOT NULL DEFAULT '',
  plan           TEXT    NOT NULL,                  -- JSON: the plan it was claimed under, restored if it is given back
  CHECK ((state IN ('offered','started')) = (closed_at = 0)),
  CHECK (state <> 'started' OR placed_at > 0)
);
CREATE UNIQUE INDEX assignments_open_lead  ON assignments (lead_id)  WHERE closed_at = 0;
CREATE UNIQUE INDEX assignments_open_agent ON assignments (agent_id) WHERE closed_at = 0;
CREATE INDEX assignments_lease ON assignments (lease_until) WHERE closed_at = 0;
CREATE INDEX assignments_lead  ON assignments (lead_id, id);

-- Reserved with the claim, dated again at StartCall, gone if nothing was dialled.
CREATE TABLE subject_uses (
  subject_id    INTEGER NOT NULL,
  assignment_id INTEGER NOT NULL,
  campaign_id   INTEGER NOT NULL,
  lead_id       INTEGER NOT NULL,
  placed_at     INTEGER NOT NULL,                   -- of a reservation: when it was claimed
  placed        BOOLEAN NOT NULL DEFAULT FALSE,     -- dialled; else reserved
  outcome       TEXT    NOT NULL DEFAULT '',        -- empty: not told yet
  counted       BOOLEAN NOT NULL DEFAULT TRUE,      -- false after a network outcome
  talk_us       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (subject_id, assignment_id)
);
CREATE INDEX subject_uses_when ON subject_uses (subject_id, placed_at);

CREATE TABLE appointments (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  lead_id     INTEGER NOT NULL,
  campaign_id INTEGER NOT NULL,
  owner_id    INTEGER NOT NULL DEFAULT 0,
  local       TEXT    NOT NULL,
  zone        TEXT    NOT NULL,
  insisted    BOOLEAN NOT NULL DEFAULT FALSE,
  at          INTEGER NOT NULL,
  grace_end   INTEGER NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('open','kept','missed','rescheduled','cancelled')),
  reason      TEXT    NOT NULL DEFAULT '',
  reminded    BOOLEAN NOT NULL DEFAULT FALSE,
  booked_by   INTEGER NOT NULL DEFAULT 0,
  replaces    INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  closed_at   INTEGER NOT NULL DEFAULT 0,
  CHECK ((state = 'open') = (closed_at = 0)),
  CHECK (state = 'open' OR reason <> '')
);
CREATE UNIQUE INDEX appointments_open_lead ON appointments (lead_id) WHERE closed_at = 0;
CREATE INDEX appointments_due   ON appointments (campaign_id, at) WHERE closed_at = 0;
CREATE INDEX appointments_grace ON appointments (grace_end) WHERE closed_at = 0;
CREATE INDEX appointments_owner ON appointments (owner_id, at) WHERE closed_at = 0;
CREATE INDEX appointments_lead  ON appointments (lead_id, id);

-- The ledger: placed calls, written once.
CREATE TABLE attempts (
  assignment_id INTEGER NOT NULL,
  placed_at     INTEGER NOT NULL,
  lead_id       INTEGER NOT NULL,
  campaign_id   INTEGER NOT NULL,
  list_id       INTEGER NOT NULL,
  agent_id      INTEGER NOT NULL,
  number        TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  code          TEXT    NOT NULL,
  new_number    TEXT    NOT NULL DEFAULT '',
  note          TEXT    NOT NULL DEFAULT '',
  reason        TEXT    NOT NULL,
  appointment_id INTEGER NOT NULL DEFAULT 0,
  offered_at    INTEGER NOT NULL,
  ended_at      INTEGER NOT NULL,
  recorded_at   INTEGER NOT NULL,
  rules_version INTEGER NOT NULL,
  zones         TEXT    NOT NULL,
  calendar      TEXT    NOT NULL DEFAULT '',
  waived        BOOLEAN NOT NULL DEFAULT FALSE,
  insisted      BOOLEAN NOT NULL DEFAULT FALSE,
  plan          TEXT    NOT NULL DEFAULT '',        -- JSON: what was decided after it
  PRIMARY KEY (assignment_id, placed_at)
);
CREATE INDEX attempts_lead ON attempts (lead_id, placed_at);
CREATE INDEX attempts_campaign ON attempts (campaign_id, placed_at);

-- Corrections and late outcomes beside the attempts they amend; the last one holds.
CREATE TABLE amendments (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  assignment_id INTEGER NOT NULL,
  placed_at     INTEGER NOT NULL,
  kind          TEXT    NOT NULL CHECK (kind IN ('correction','late')),
  outcome       TEXT    NOT NULL,
  code          TEXT    NOT NULL,
  new_number    TEXT    NOT NULL DEFAULT '',
  note          TEXT    NOT NULL DEFAULT '',
  ended_at      INTEGER NOT NULL DEFAULT 0,
  by_owner      TEXT    NOT NULL,
  at            INTEGER NOT NULL
);
CREATE INDEX amendments_assignment ON amendments (assignment_id, id);

-- Late outcomes that found the lead in other hands: they wait for a supervisor.
CREATE TABLE late_outcomes (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  assignment_id INTEGER NOT NULL UNIQUE,
  lead_id       INTEGER NOT NULL,
  campaign_id   INTEGER NOT NULL,
  agent_id      INTEGER NOT NULL,
  result        TEXT    NOT NULL,                   -- JSON of what was reported
  received_at   INTEGER NOT NULL,
  resolved_at   INTEGER NOT NULL DEFAULT 0,
  resolution    TEXT    NOT NULL DEFAULT '' CHECK (resolution IN ('','applied','dismissed')),
  resolved_by   TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX late_outcomes_open ON late_outcomes (campaign_id, id) WHERE resolved_at = 0;

-- The ledger of agent states: one row a change.
CREATE TABLE agent_states (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  agent_id      INTEGER NOT NULL,
  at            INTEGER NOT NULL,
  from_state    TEXT    NOT NULL,
  to_state      TEXT    NOT NULL,
  reason        TEXT    NOT NULL DEFAULT '',
  campaign_id   INTEGER NOT NULL DEFAULT 0,
  assignment_id INTEGER NOT NULL DEFAULT 0,
  spent_us      INTEGER NOT NULL DEFAULT 0          -- in from_state
);
CREATE INDEX agent_states_agent ON agent_states (agent_id, at);
CREATE INDEX agent_states_at ON agent_states (at);

-- Events as they are written, with what they tell of; the sequencer moves committed rows to events.
CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  type        TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  campaign_id INTEGER NOT NULL DEFAULT 0,
  list_id     INTEGER NOT NULL DEFAULT 0,
  lead_id     INTEGER NOT NULL DEFAULT 0,
  agent_id    INTEGER NOT NULL DEFAULT 0,
  data        TEXT    NOT NULL DEFAULT '{}'
);
CREATE TABLE events (
  seq         INTEGER NOT NULL,
  id          INTEGER NOT NULL,
  type        TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  campaign_id INTEGER NOT NULL,
  list_id     INTEGER NOT NULL,
  lead_id     INTEGER NOT NULL,
  agent_id    INTEGER NOT NULL,
  data        TEXT    NOT NULL,
  PRIMARY KEY (seq, at)
);

CREATE TABLE uploads (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id  TEXT    NOT NULL UNIQUE,
  campaign_id INTEGER NOT NULL REFERENCES campaigns(id),
  list_id     INTEGER NOT NULL DEFAULT 0,
  file_name   TEXT    NOT NULL,
  size        INTEGER NOT NULL DEFAULT 0,
  state       TEXT    NOT NULL CHECK (state IN ('receiving','queued','done','failed')),
  options     TEXT    NOT NULL,
  rows_done   INTEGER NOT NULL DEFAULT 0,
  bytes_done  INTEGER NOT NULL DEFAULT 0,
  failure     TEXT    NOT NULL DEFAULT '',
  holder      TEXT    NOT NULL DEFAULT '',          -- the node that takes it in
  held_until  INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
);
CREATE TABLE upload_pieces (
  upload_id INTEGER NOT NULL REFERENCES uploads(id),
  start     INTEGER NOT NULL,
  data      BLOB    NOT NULL,
  PRIMARY KEY (upload_id, start)
);

CREATE TABLE problems (
  list_id     INTEGER NOT NULL,
  line        INTEGER NOT NULL,
  n           INTEGER NOT NULL,                     -- several of one line are told apart
  heading     TEXT    NOT NULL DEFAULT '',
  value       TEXT    NOT NULL DEFAULT '',
  reason      TEXT    NOT NULL,
  message     TEXT    NOT NULL,
  suggestion  TEXT    NOT NULL DEFAULT '',
  warning     BOOLEAN NOT NULL DEFAULT FALSE,       -- the row became a lead all the same
  cells       TEXT    NOT NULL DEFAULT '[]',
  PRIMARY KEY (list_id, line, n)
);

CREATE TABLE tokens (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  hash       TEXT    NOT NULL UNIQUE,               -- SHA-256 of the secret, hex
  owner      TEXT    NOT NULL,
  role       TEXT    NOT NULL CHECK (role IN ('agent','supervisor','manager','crm','quality','admin')),
  agent_id   INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL DEFAULT 0,
  used_at    INTEGER NOT NULL DEFAULT 0,
  revoked_at INTEGER NOT NULL DEFAULT 0,
  CHECK ((role = 'agent') = (agent_id <> 0))
);

-- What one node at a time does, fenced by the epoch.
CREATE TABLE leases (
  name   TEXT    PRIMARY KEY,
  holder TEXT    NOT NULL,
  epoch  INTEGER NOT NULL,
  until  INTEGER NOT NULL
);

-- Periodic work that was done: one row a slot makes it unique over nodes.
CREATE TABLE slots (
  job  TEXT    NOT NULL,
  slot INTEGER NOT NULL,
  at   INTEGER NOT NULL,
  PRIMARY KEY (job, slot)
);
