package ledger_test

import (
	"database/sql"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// A ledger of an earlier version is brought to this one with all that is in it,
// and the run goes on from there in the right order.
func TestMigration(t *testing.T) {
	t.Parallel()
	fresh := t.TempDir()
	openDisk(t, fresh).Close()
	for name, changed := range map[string]string{
		"version 1": ``,
		"version 1, before it had an index of orders without a number": `DROP INDEX orders_invalid; DROP INDEX orders_fresh;
			CREATE INDEX orders_fresh ON orders(place) WHERE open = 1 AND due = 0 AND place IS NOT NULL`,
		"version 1, with the indexes of version 2": `DROP INDEX orders_fresh; CREATE INDEX orders_fresh
			ON orders(status IS NOT NULL, place) WHERE open = 1 AND due = 0 AND place IS NOT NULL AND invalid IS NULL`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := version1(t, changed)
			look, err := ledger.OpenReadOnly(dir) // which changes nothing
			if err != nil {
				t.Fatal(err)
			}
			before := contents(t, look)
			if err := look.Close(); err != nil {
				t.Fatal(err)
			}
			d := openDisk(t, dir)
			if diff := cmp.Diff(before, contents(t, d)); diff != "" || len(before) != 5 || len(before[1].Files) != 1 {
				t.Errorf("%+v\nchanged (-before +after):\n%s", before, diff)
			}
			five := orders(5)
			five[4].Invalid = "no"
			if m := merge(t, d, five); m != (ledger.Merged{Settled: 1, Open: 4, Invalid: 1}) {
				t.Errorf("merged: %+v", m)
			}
			c, err := d.Claim(t.Context(), 5, ttl)
			if err != nil {
				t.Fatal(err)
			}
			keys := []po.Key{}
			for _, l := range append(c.Invalid, c.Leases...) {
				keys = append(keys, l.Order.Key)
			}
			if diff := cmp.Diff([]po.Key{"K4", "K2", "K3", "K0"}, keys); diff != "" {
				t.Errorf("claimed (-want +got):\n%s", diff)
			}
			if had := collect(t, d.ToAudit(t.Context(), false)); len(had) != 1 { // whichever start has settled it
				t.Errorf("%+v are held against the disk", had)
			}
			d.Close()
			if diff := cmp.Diff(schema(t, fresh), schema(t, dir)); diff != "" {
				t.Errorf("not the schema of a new ledger (-new +got):\n%s", diff)
			}
		})
	}
}

// A migration that fails half way has changed nothing.
func TestMigrationIsWhole(t *testing.T) {
	t.Parallel()
	dir := version1(t, `ALTER TABLE orders RENAME COLUMN invalid TO something`)
	before := schema(t, dir)
	if _, err := ledger.Open(dir); err == nil {
		t.Error("opened")
	}
	if diff := cmp.Diff(before, schema(t, dir)); diff != "" {
		t.Errorf("changed (-before +after):\n%s", diff)
	}
}

// version1 makes an output directory with a ledger of version 1, changed by
// statements.
func version1(t *testing.T, changed string) (dir string) {
	t.Helper()
	statements, err := os.ReadFile("testdata/version1.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.Mkdir(outdir.StatePath(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	execute(t, outdir.StatePath(dir, "ledger.db"), string(statements)+changed)
	return dir
}

// contents are the orders of the batch, with how they ended.
func contents(t *testing.T, d *ledger.Disk) (list []po.Outcome) {
	t.Helper()
	for o, err := range d.Outcomes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

// schema gives the tables and indexes of a ledger by name, and its version.
func schema(t *testing.T, dir string) map[string]string {
	t.Helper()
	// Others look at the same one.
	db, err := sql.Open("sqlite", outdir.StatePath(dir, "ledger.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT name, coalesce(sql, '') FROM sqlite_schema UNION ALL SELECT 'version', user_version FROM pragma_user_version`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	parts := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		parts[name] = text
	}
	return parts
}
