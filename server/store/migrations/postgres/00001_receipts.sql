-- +goose Up

-- The log: one row an entry. An erased receipt keeps idx, kind and hashes, all
-- else is null. hashes are those of the Merkle tree that the entry completes,
-- 32 bytes each, from its own leaf upwards.
CREATE TABLE entries (
	idx       BIGINT PRIMARY KEY,
	kind      TEXT NOT NULL CHECK (kind IN ('receipt', 'erasure')),
	id        TEXT UNIQUE,
	received  BIGINT,
	salt      BYTEA,
	body      BYTEA,
	signature BYTEA,
	hashes    BYTEA NOT NULL
);
CREATE INDEX entries_received ON entries (received, idx);

-- The one row that whoever adds to the log locks. edge holds the hashes of the
-- complete subtrees that the log is made of, the largest first.
CREATE TABLE head (
	one      BIGINT PRIMARY KEY CHECK (one = 1),
	size     BIGINT NOT NULL,
	edge     BYTEA NOT NULL,
	receipts BIGINT NOT NULL,
	erased   BIGINT NOT NULL
);
INSERT INTO head (one, size, edge, receipts, erased) VALUES (1, 0, '', 0, 0);

CREATE TABLE checkpoints (
	size BIGINT PRIMARY KEY,
	note BYTEA NOT NULL
);

CREATE TABLE editions (
	rev       TEXT NOT NULL,
	text      TEXT NOT NULL,
	lang      TEXT NOT NULL,
	catalogue BYTEA NOT NULL,
	body      BYTEA NOT NULL,
	PRIMARY KEY (rev, text, lang)
);

-- Plain counts, without any identifier. They outlive the receipts.
CREATE TABLE choice_sums (
	day     TEXT NOT NULL,
	rev     TEXT NOT NULL,
	lang    TEXT NOT NULL,
	how     TEXT NOT NULL,
	outcome TEXT NOT NULL,
	n       BIGINT NOT NULL,
	PRIMARY KEY (day, rev, lang, how, outcome)
);
CREATE TABLE answer_sums (
	day      TEXT NOT NULL,
	rev      TEXT NOT NULL,
	lang     TEXT NOT NULL,
	category TEXT NOT NULL,
	answer   TEXT NOT NULL CHECK (answer IN ('granted', 'refused')),
	n        BIGINT NOT NULL,
	PRIMARY KEY (day, rev, lang, category, answer)
);
CREATE TABLE unanswered_sums (
	day TEXT NOT NULL,
	rev TEXT NOT NULL,
	n   BIGINT NOT NULL,
	PRIMARY KEY (day, rev)
);

CREATE TABLE settings (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);
CREATE TABLE sessions (
	hash    TEXT PRIMARY KEY,
	expires BIGINT NOT NULL
);
