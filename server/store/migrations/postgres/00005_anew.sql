-- +goose Up

-- How visitors answered what a change of the catalogue had made new: plain counts, as
-- the other sums. rev is the revision that asked them.
CREATE TABLE anew_sums (
	day     TEXT NOT NULL,
	rev     TEXT NOT NULL,
	outcome TEXT NOT NULL,
	n       BIGINT NOT NULL,
	PRIMARY KEY (day, rev, outcome)
);
