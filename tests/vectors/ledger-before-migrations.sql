CREATE TABLE audit (
  sequence INTEGER NOT NULL,
  at VARCHAR(40) NOT NULL,
  actor VARCHAR(200) NOT NULL,
  action VARCHAR(60) NOT NULL,
  subject VARCHAR(240) NOT NULL,
  details TEXT NOT NULL,
  previous_hash VARCHAR(64) NOT NULL,
  hash VARCHAR(64) NOT NULL,
  PRIMARY KEY (sequence)
);
CREATE TABLE batch (
  id VARCHAR(36) NOT NULL,
  course VARCHAR(120) NOT NULL,
  version VARCHAR(40) NOT NULL,
  release_hash VARCHAR(64) NOT NULL,
  content_hash VARCHAR(64) NOT NULL,
  state VARCHAR(12) NOT NULL,
  prepared_by VARCHAR(200) NOT NULL,
  prepared_at VARCHAR(40) NOT NULL,
  approved_by VARCHAR(200),
  approved_at VARCHAR(40),
  issued_at VARCHAR(40),
  PRIMARY KEY (id)
);
CREATE INDEX ix_batch_course ON batch (course);
CREATE TABLE consent (
  id INTEGER NOT NULL,
  learner VARCHAR(240) NOT NULL,
  course VARCHAR(120) NOT NULL,
  show_name BOOLEAN NOT NULL,
  given_at VARCHAR(40) NOT NULL,
  channel VARCHAR(120) NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX ix_consent_learner ON consent (learner);
CREATE TABLE batch_row (
  id INTEGER NOT NULL,
  batch_id VARCHAR(36) NOT NULL,
  learner VARCHAR(240) NOT NULL,
  content TEXT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (batch_id, learner),
  FOREIGN KEY(batch_id) REFERENCES batch (id)
);
CREATE INDEX ix_batch_row_batch_id ON batch_row (batch_id);
CREATE TABLE credential (
  id VARCHAR(60) NOT NULL,
  course VARCHAR(120) NOT NULL,
  version VARCHAR(40) NOT NULL,
  learner VARCHAR(240) NOT NULL,
  reason VARCHAR(60) NOT NULL,
  batch_id VARCHAR(36) NOT NULL,
  status_list INTEGER NOT NULL,
  status_index INTEGER NOT NULL,
  document TEXT NOT NULL,
  issued_at VARCHAR(40) NOT NULL,
  revoked_at VARCHAR(40),
  revoked_by VARCHAR(200),
  revocation_reason TEXT,
  PRIMARY KEY (id),
  CONSTRAINT uq_award UNIQUE (course, version, learner, reason),
  CONSTRAINT uq_status UNIQUE (status_list, status_index),
  FOREIGN KEY(batch_id) REFERENCES batch (id)
);
CREATE INDEX ix_credential_batch_id ON credential (batch_id);
CREATE INDEX ix_credential_course ON credential (course);
CREATE INDEX ix_credential_learner ON credential (learner);
INSERT INTO batch VALUES ('b1', 'c', '1.0.0', 'abababababababababababababababababababababababababababababababab', 'abababababababababababababababababababababababababababababababab', 'issued', 'Ana Reyes', '2026-01-01T00:00:00+00:00', 'Benigno Cruz', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00');
INSERT INTO credential VALUES ('urn:uuid:1', 'c', '1.0.0', 'ana', 'passed the course', 'b1', 1, 5, '{}', '2026-01-01T00:00:00+00:00', NULL, NULL, NULL);
INSERT INTO credential VALUES ('urn:uuid:2', 'c', '1.0.0', 'ben', 'passed the course', 'b1', 1, 6, '{}', '2026-01-01T00:00:01+00:00', '2026-01-02T00:00:00+00:00', 'Ana Reyes', 'issued to the wrong person');
