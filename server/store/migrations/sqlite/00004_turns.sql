-- +goose Up

-- Entries of two more kinds: where the log goes on as a branch, because what came
-- behind is lost, and where another key signs. A table of millions of rows is not
-- written anew for that: SQLite's own way to loosen a constraint is to change its text.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''edition'')', '''edition'', ''branch'', ''key'')')
	WHERE type = 'table' AND name = 'entries';
PRAGMA writable_schema = RESET;

-- Which entries these are: few, and looked for at each start.
CREATE TABLE turns (
	idx INTEGER PRIMARY KEY
);
