-- How files of a kind are read for a campaign: what was corrected once need not be corrected again.
CREATE TABLE import_templates (
  campaign_id BIGINT NOT NULL REFERENCES campaigns(id),
  name        TEXT   NOT NULL CHECK (name <> ''),
  headings    TEXT   NOT NULL,
  options     TEXT   NOT NULL,
  updated_at  BIGINT NOT NULL,
  PRIMARY KEY (campaign_id, name)
);
