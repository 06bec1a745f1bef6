-- Browsers that are signed in to the pages: they stay so when a node is restarted, and on every other node. A session's
-- secret is not kept, only its hash. Whose it is: a token's id, a person of the issuer (negative), or 0 and an owner.
CREATE TABLE web_sessions (
  hash TEXT PRIMARY KEY,
  token_id BIGINT NOT NULL,
  owner TEXT NOT NULL CHECK (owner <> ''),
  body TEXT NOT NULL,
  began_at BIGINT NOT NULL CHECK (began_at > 0),
  ends_at BIGINT NOT NULL CHECK (ends_at > began_at)
);
CREATE INDEX web_sessions_whose ON web_sessions (token_id, owner, began_at);
CREATE INDEX web_sessions_ends ON web_sessions (ends_at);
