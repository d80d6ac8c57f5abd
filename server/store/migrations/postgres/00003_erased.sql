-- +goose Up

-- Which receipts were erased by their id: its SHA-256, which says nothing to who
-- does not know the id. So none is kept anew that a page sends once more. until is
-- in seconds since 1970: older choices count no longer, and are refused anyway.
CREATE TABLE erased (
	hash  TEXT PRIMARY KEY,
	until BIGINT NOT NULL
);
