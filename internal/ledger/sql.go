package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
	_ "modernc.org/sqlite" // the driver: SQLite in Go, without cgo
)

// connect opens the file for reading and writing, and makes or migrates its
// schema. A file that is none of ours is not touched.
func (d *Disk) connect(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() > 0 {
		if err := d.openReadOnly(path); err != nil && !errors.Is(err, errEmpty) {
			return err
		}
	}
	// FULL: a commit is on the disk when it returns, also after a power cut.
	d.file, err = sql.Open("sqlite", address(path, "journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "cache_size(-32768)"))
	if err != nil {
		return d.wrap(err)
	}
	if d.conn, err = d.file.Conn(context.Background()); err != nil {
		return d.wrap(err)
	}
	if err := d.migrate(); err != nil || d.look != nil {
		d.version = len(migrations)
		return err
	}
	return d.openReadOnly(path)
}

// openReadOnly opens the file for reading, and checks that it is one of ours.
func (d *Disk) openReadOnly(path string) error {
	var err error
	if d.look, err = sql.Open("sqlite", address(path, "query_only(1)", "busy_timeout(5000)")); err != nil {
		return d.wrap(err)
	}
	var application, version, tables, odd int
	for query, into := range map[string]*int{
		`PRAGMA application_id`: &application, `PRAGMA user_version`: &version, `SELECT count(*) FROM sqlite_schema`: &tables,
		`SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%'`: &odd,
	} {
		if err := d.look.QueryRow(query).Scan(into); err != nil {
			return d.wrap(err)
		}
	}
	if application == 0 && version == 0 && tables == 0 { // its maker was killed before there was anything in it
		return errEmpty
	}
	d.version = version
	if odd > 0 { // a trigger may never end
		return d.foreign()
	}
	return d.check(application, version)
}

var errEmpty error = &po.Error{Msg: "empty ledger", Err: fs.ErrNotExist}

// address is the file as SQLite takes it: a name may have any character in it.
func address(path string, pragmas ...string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive of Windows
		path = "/" + path
	}
	// Somebody may have given the file: what its schema defines calls nothing that could do harm.
	query := url.Values{"_pragma": append([]string{"trusted_schema(0)"}, pragmas...)}
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

// statement prepares a statement of the writing connection once.
func (d *Disk) statement(query string) (*sql.Stmt, error) {
	if s, ok := d.stmts[query]; ok {
		return s, nil
	}
	s, err := d.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, d.wrap(err)
	}
	d.stmts[query] = s
	return s, nil
}

// exec runs a statement of the writing connection.
func (d *Disk) exec(query string, args ...any) error {
	_, err := d.execCount(query, args...)
	return err
}

// execCount is exec, and says how many rows it has changed.
func (d *Disk) execCount(query string, args ...any) (int, error) {
	s, err := d.statement(query)
	if err != nil {
		return 0, err
	}
	result, err := s.Exec(args...)
	if err != nil {
		return 0, d.wrap(err)
	}
	n, err := result.RowsAffected()
	return int(n), d.wrap(err)
}

// number asks the writing connection for one number: -1 if there is none.
func (d *Disk) number(query string, args ...any) (int64, error) {
	s, err := d.statement(query)
	if err != nil {
		return 0, err
	}
	n := sql.NullInt64{}
	err = s.QueryRow(args...).Scan(&n)
	if err == sql.ErrNoRows || err == nil && !n.Valid {
		return -1, nil
	}
	return n.Int64, d.wrap(err)
}

// rows asks the writing connection for rows, which each takes.
func (d *Disk) rows(each func(scan func(...any) error) error, query string, args ...any) error {
	s, err := d.statement(query)
	if err != nil {
		return err
	}
	rows, err := s.Query(args...)
	if err != nil {
		return d.wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return d.wrap(err)
		}
	}
	return d.wrap(rows.Err())
}

// textList is a column that holds a JSON list of texts; NULL if it is empty.
type textList []string

// Value implements driver.Valuer.
func (l textList) Value() (driver.Value, error) {
	if len(l) == 0 {
		return nil, nil
	}
	text, err := json.Marshal([]string(l))
	return string(text), err
}

// Scan implements sql.Scanner.
func (l *textList) Scan(from any) error {
	*l = nil
	text, ok := from.(string)
	if from == nil || ok && json.Unmarshal([]byte(text), (*[]string)(l)) == nil {
		return nil
	}
	return fmt.Errorf("%w: a list of texts", ErrDamaged)
}

// missingList is a column that holds a JSON list of missing files; NULL if there
// are none.
type missingList []po.Missing

// missingFile is one of them in the column. The names are never changed.
type missingFile struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	URL    string   `json:"url,omitempty"`
	Cause  po.Cause `json:"cause"`
	Detail string   `json:"detail,omitempty"`

	Answer   string `json:"answer,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

// Value implements driver.Valuer.
func (l missingList) Value() (driver.Value, error) {
	if len(l) == 0 {
		return nil, nil
	}
	list := make([]missingFile, len(l))
	for i, m := range l {
		list[i] = missingFile{m.ID, m.Name, m.URL, m.Cause, m.Detail, m.Answer, m.Evidence}
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// Scan implements sql.Scanner.
func (l *missingList) Scan(from any) error {
	*l = nil
	if from == nil {
		return nil
	}
	var list []missingFile
	if text, ok := from.(string); !ok || json.Unmarshal([]byte(text), &list) != nil {
		return fmt.Errorf("%w: a list of missing files", ErrDamaged)
	}
	for _, m := range list {
		*l = append(*l, po.Missing{ID: m.ID, Name: m.Name, URL: m.URL, Cause: m.Cause, Detail: m.Detail,
			Answer: m.Answer, Evidence: m.Evidence})
	}
	return nil
}

// missing names the column of a table that tells of missing files. A record of an
// earlier version that is only looked at has none.
func (d *Disk) missing(table string) string {
	if d.version < hasMissing {
		return "NULL"
	}
	return table + ".missing"
}

// readBy names the columns of a table that tell how pages were read.
func (d *Disk) readBy(table string) string {
	if d.version < hasReadBy {
		return "NULL, NULL"
	}
	return table + ".read_by, " + table + ".comparisons"
}

// reason names the column of the attempts that tells why a browser has read an order.
func (d *Disk) reason() string {
	if d.version < hasReason {
		return "NULL"
	}
	return "a.reason"
}

// jsonText is a column that holds JSON; NULL if it is nil.
type jsonText json.RawMessage

// Value implements driver.Valuer.
func (j jsonText) Value() (driver.Value, error) {
	if j == nil {
		return nil, nil
	}
	return string(j), nil
}

// Scan implements sql.Scanner.
func (j *jsonText) Scan(from any) error {
	*j = nil
	if from == nil {
		return nil
	}
	text, ok := from.(string)
	if !ok || !json.Valid([]byte(text)) {
		return fmt.Errorf("%w: JSON", ErrDamaged)
	}
	*j = jsonText(text)
	return nil
}

// text is a column whose empty text is NULL.
type text string

// Value implements driver.Valuer.
func (t text) Value() (driver.Value, error) {
	if t == "" {
		return nil, nil
	}
	return string(t), nil
}

// textOf scans a column whose NULL is an empty text into a string type.
type textOf[S ~string] struct{ into *S }

// Scan implements sql.Scanner.
func (t textOf[S]) Scan(from any) error {
	switch v := from.(type) {
	case nil:
		*t.into = ""
	case string:
		*t.into = S(v)
	default:
		return fmt.Errorf("%w: %T where a text should be", ErrDamaged, from)
	}
	return nil
}

func into[S ~string](s *S) textOf[S] { return textOf[S]{s} }

// toNanos writes a time as nanoseconds since 1970; the zero time is NULL.
func toNanos(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixNano(), Valid: !t.IsZero()}
}

// fromNanos is the reverse of toNanos.
func fromNanos(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}
