package ledger

import (
	"context"
	"fmt"
)

// applicationID marks the file as a ledger of poactor: "poac".
const applicationID = 0x706f6163

// migrations make each version of the schema out of the one before; the number
// of them is the version. What has been released is never changed.
var migrations = []string{schema1, schema2, schema3, schema4, schema5, schema6, schema7}

// schema1 is the first schema. place is the order's in the batch, NULL where it
// is in it no more. open is 0 for a settled order, 1 for one to be worked on, 2
// for one that is open and left for another start. An outcome stays until the
// next one replaces it. due is 0 for at once. Times are nanoseconds since 1970.
const schema1 = `
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
`

// schema2 has an index for each kind of claim, in the order of the claim: what
// has ended before comes after what has not. Before the first release version 1
// was changed in place, so that there are ledgers with other indexes of these
// names, or without.
const schema2 = `
DROP INDEX IF EXISTS orders_fresh;
DROP INDEX IF EXISTS orders_held;
DROP INDEX IF EXISTS orders_invalid;
CREATE INDEX orders_fresh   ON orders(status IS NOT NULL, place) WHERE open = 1 AND due = 0 AND place IS NOT NULL AND invalid IS NULL;
CREATE INDEX orders_held    ON orders(due)   WHERE open = 1 AND due > 0 AND place IS NOT NULL;
CREATE INDEX orders_invalid ON orders(place) WHERE open = 1 AND due = 0 AND place IS NOT NULL AND invalid IS NOT NULL;
`

// schema3 tells of each file that is missing, as a JSON list.
const schema3 = `
ALTER TABLE orders   ADD COLUMN missing TEXT;
ALTER TABLE attempts ADD COLUMN missing TEXT;
`

// hasMissing is the first version of the schema that tells of missing files.
const hasMissing = 3

// schema4 tells how the page of an order was read, and how many comparisons had agreed.
const schema4 = `
ALTER TABLE orders ADD COLUMN read_by     TEXT;
ALTER TABLE orders ADD COLUMN comparisons INTEGER;
`

// hasReadBy is the first version of the schema that tells how pages were read.
const hasReadBy = 4

// schema5 tells why a browser has read an order that might have been read without one.
const schema5 = `
ALTER TABLE attempts ADD COLUMN reason TEXT;
`

// hasReason is the first version of the schema that tells why a browser has read an order.
const hasReason = 5

// schema6 has the data of a program's own tasks, and what the work on them has returned, as
// JSON; task is NULL for a purchase order. Their folders are called as their keys, which
// some file systems take for equal if only their case differs.
const schema6 = `
ALTER TABLE orders ADD COLUMN task   TEXT;
ALTER TABLE orders ADD COLUMN result TEXT;
CREATE UNIQUE INDEX orders_task ON orders(key COLLATE NOCASE) WHERE task IS NOT NULL;
`

// hasTasks is the first version of the schema that has tasks.
const hasTasks = 6

// schema7 tells which start has settled an order; NULL for one of before. The clock may have
// been set back since.
const schema7 = `
ALTER TABLE orders ADD COLUMN settled_by INTEGER;
`

// migrate brings the file to the newest schema.
func (d *Disk) migrate() error {
	version, err := d.number(`PRAGMA user_version`)
	if err != nil || int(version) == len(migrations) {
		return err
	}
	return d.Commit(context.Background(), func(context.Context) error {
		for _, statements := range migrations[version:] {
			if _, err := d.conn.ExecContext(context.Background(), statements); err != nil {
				return d.wrap(err)
			}
		}
		marks := fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, len(migrations))
		_, err := d.conn.ExecContext(context.Background(), marks)
		return d.wrap(err)
	})
}

// check says what is wrong with a file by its marks.
func (d *Disk) check(application, version int) error {
	switch {
	case application != applicationID:
		return d.foreign()
	case version > len(migrations):
		return d.newer(version)
	case version < 1:
		return d.damaged(fmt.Errorf("its version is %d", version))
	}
	return nil
}
