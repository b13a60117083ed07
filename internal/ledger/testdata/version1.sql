-- A ledger of version 1, as poactor made it: its schema, and the third start of a
-- batch of five orders. The first has failed and is to be tried again, the second
-- is settled and has a file, the third waits, the fourth was never tried, the
-- number of the fifth is none.
CREATE TABLE starts (
	id       INTEGER PRIMARY KEY,
	began    INTEGER NOT NULL,
	ended    INTEGER,
	program  TEXT,
	host     TEXT,
	process  INTEGER,
	portal   TEXT,
	base_url TEXT,
	workers  INTEGER,
	cause    TEXT,
	detail   TEXT
) STRICT;
CREATE TABLE orders (
	id       INTEGER PRIMARY KEY,
	key      TEXT NOT NULL UNIQUE,
	number   TEXT,
	written  TEXT,
	levels   TEXT,
	invalid  TEXT,
	place    INTEGER,
	open     INTEGER NOT NULL DEFAULT 1,
	due      INTEGER NOT NULL DEFAULT 0,
	failures INTEGER NOT NULL DEFAULT 0,
	deaths   INTEGER NOT NULL DEFAULT 0,
	worker   TEXT,
	supplier TEXT,
	folder   TEXT,
	status   TEXT,
	cause    TEXT,
	detail   TEXT,
	found    INTEGER,
	url      TEXT,
	attempts INTEGER,
	settled  INTEGER,
	pages    TEXT,
	evidence TEXT
) STRICT;
CREATE INDEX orders_place   ON orders(place) WHERE place IS NOT NULL;
CREATE INDEX orders_fresh   ON orders(place) WHERE open = 1 AND due = 0 AND place IS NOT NULL AND invalid IS NULL;
CREATE INDEX orders_held    ON orders(due)   WHERE open = 1 AND due > 0 AND place IS NOT NULL;
CREATE INDEX orders_invalid ON orders(place) WHERE open = 1 AND due = 0 AND place IS NOT NULL AND invalid IS NOT NULL;
CREATE TABLE files (
	order_id INTEGER NOT NULL REFERENCES orders(id),
	place    INTEGER NOT NULL,
	id       TEXT NOT NULL,
	name     TEXT NOT NULL,
	original TEXT,
	bytes    INTEGER NOT NULL,
	sha256   TEXT NOT NULL,
	url      TEXT,
	lane     TEXT,
	empty    INTEGER NOT NULL,
	time     INTEGER,
	PRIMARY KEY (order_id, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE attempts (
	order_id INTEGER NOT NULL REFERENCES orders(id),
	serial   INTEGER NOT NULL,
	try      INTEGER NOT NULL,
	start    INTEGER NOT NULL,
	worker   TEXT,
	profile  TEXT,
	began    INTEGER NOT NULL,
	ended    INTEGER,
	ending   TEXT,
	cause    TEXT,
	detail   TEXT,
	pages    TEXT,
	evidence TEXT,
	files    INTEGER NOT NULL DEFAULT 0,
	bytes    INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (order_id, serial)
) STRICT, WITHOUT ROWID;
INSERT INTO starts(id, began, ended, program, portal, base_url, workers) VALUES (1, 1, 2, 'v0', 'coupa', 'http://x', 4), (2, 3, 4, 'v0', 'coupa', 'http://x', 4);
INSERT INTO orders(id, key, number, written, levels, invalid, place, open, due, failures, folder, status, cause, found, attempts, settled) VALUES
	(1, 'K0', '0', 'PO0', '["a","b"]', NULL,  0, 1, 0, 0, 'a/b/PO_K0_FAILED',    'FAILED',    'timeout', 1, 3, 5),
	(2, 'K1', '1', 'PO1', '["a","b"]', NULL,  1, 0, 0, 0, 'a/b/PO_K1_COMPLETED', 'COMPLETED', NULL,      1, 1, 6),
	(3, 'K2', '2', 'PO2', '["a","b"]', NULL,  2, 1, 7, 1, NULL,                  NULL,        NULL,      NULL, NULL, NULL),
	(4, 'K3', '3', 'PO3', '["a","b"]', NULL,  3, 1, 0, 0, NULL,                  NULL,        NULL,      NULL, NULL, NULL),
	(5, 'K4', NULL, 'PO4', '["a","b"]', 'no', 4, 1, 0, 0, NULL,                  NULL,        NULL,      NULL, NULL, NULL);
INSERT INTO files(order_id, place, id, name, bytes, sha256, empty) VALUES (2, 0, 'i1', 'a.pdf', 5, 'ab', 0);
INSERT INTO attempts(order_id, serial, try, start, worker, began, ended, ending, cause) VALUES (1, 1, 3, 1, 'worker-1', 1, 2, 'settled', 'timeout');
PRAGMA application_id = 0x706f6163;
PRAGMA user_version = 1;
