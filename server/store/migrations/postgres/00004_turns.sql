-- +goose Up

-- Entries of two more kinds: where the log goes on as a branch, because what came
-- behind is lost, and where another key signs. The rows that are there need no look:
-- the constraint is looser than the one that they meet.
ALTER TABLE entries DROP CONSTRAINT entries_kind_check;
ALTER TABLE entries ADD CONSTRAINT entries_kind_check
	CHECK (kind IN ('receipt', 'erasure', 'edition', 'branch', 'key')) NOT VALID;

-- Which entries these are: few, and looked for at each start.
CREATE TABLE turns (
	idx BIGINT PRIMARY KEY
);
