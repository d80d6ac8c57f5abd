-- +goose Up

-- Until when what somebody has tried is counted, in milliseconds since 1970. who
-- is a keyed hash, or the name of all together: no address.
CREATE TABLE attempts (
	who   TEXT PRIMARY KEY,
	until BIGINT NOT NULL
);
