package db

import (
	"fmt"
	"slices"
	"strings"
)

// A kind is what a column holds, whatever the database calls it.
type kind byte

const (
	kindInt   kind = 'i'
	kindFloat kind = 'f'
	kindText  kind = 't'
	kindBlob  kind = 'b'
	kindBool  kind = 'o'
)

// A table is a table of a room as the catalog shows it.
type table struct {
	name    string
	columns []columnInfo
	primary []string // its primary key
	refers  []string // tables its foreign keys point to
}

type columnInfo struct {
	name     string
	kind     kind
	identity bool
}

// kindOf knows the types that migrations declare, on both databases.
func kindOf(declared string) (kind, error) {
	switch strings.ToUpper(declared) {
	case "BIGINT", "INTEGER", "SMALLINT", "INT":
		return kindInt, nil
	case "DOUBLE PRECISION", "REAL":
		return kindFloat, nil
	case "TEXT":
		return kindText, nil
	case "BLOB", "BYTEA":
		return kindBlob, nil
	case "BOOLEAN":
		return kindBool, nil
	}
	return 0, fmt.Errorf("type %s is not one that both databases have", declared)
}

// A catalog is how one database describes its tables. Each query takes the
// table's name, but for the first.
type catalog struct {
	tables  query // names
	columns query // name, type, identity; in order
	primary query // columns of the primary key, in order
	refers  query // tables
}

func sqliteCatalog() *catalog {
	return &catalog{
		tables:  `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`,
		columns: `SELECT name, type, FALSE FROM pragma_table_info($1) ORDER BY cid`,
		primary: `SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`,
		refers:  `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1) ORDER BY 1`,
	}
}

func postgresCatalog() *catalog {
	return &catalog{
		tables: `SELECT table_name::text FROM information_schema.tables
			WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name::text COLLATE "C"`,
		columns: `SELECT column_name::text, data_type::text, is_identity = 'YES' FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position`,
		primary: `SELECT a.attname::text FROM pg_index i
			JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = current_schema()::regnamespace
			CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (attnum, place)
			JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
			WHERE c.relname = $1 AND i.indisprimary ORDER BY k.place`,
		refers: `SELECT DISTINCT r.relname::text FROM pg_constraint o
			JOIN pg_class c ON c.oid = o.conrelid AND c.relnamespace = current_schema()::regnamespace
			JOIN pg_class r ON r.oid = o.confrelid
			WHERE c.relname = $1 AND o.contype = 'f' ORDER BY 1`,
	}
}

// tables returns the rooms' tables, those that are referred to before those
// that refer, and the names of the rooms.
func (c *catalog) all(tx *Tx) (tables []table, rooms []string, err error) {
	names, err := column(tx, c.tables)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if room, ok := strings.CutSuffix(name, versionSuffix); ok {
			rooms = append(rooms, room)
			continue
		}
		t, err := c.table(tx, name)
		if err != nil {
			return nil, nil, fmt.Errorf("table %s: %w", name, err)
		}
		tables = append(tables, t)
	}
	tables, err = inOrder(tables)
	return tables, rooms, err
}

func (c *catalog) table(tx *Tx, name string) (table, error) {
	t := table{name: name}
	rows, err := tx.Query(c.columns, name)
	if err != nil {
		return t, err
	}
	for rows.Next() {
		var column columnInfo
		var declared string
		if err := rows.Scan(&column.name, &declared, &column.identity); err != nil {
			return t, err
		}
		if column.kind, err = kindOf(declared); err != nil {
			return t, fmt.Errorf("column %s: %w", column.name, err)
		}
		t.columns = append(t.columns, column)
	}
	if rows.Err() != nil {
		return t, rows.Err()
	}
	if t.primary, err = column(tx, c.primary, name); err != nil {
		return t, err
	}
	if len(t.primary) == 0 {
		return t, fmt.Errorf("has no primary key")
	}
	t.refers, err = column(tx, c.refers, name)
	return t, err
}

// inOrder sorts tables so that each comes after those it refers to.
func inOrder(tables []table) ([]table, error) {
	var sorted []table
	done := map[string]bool{}
	for len(tables) > 0 {
		before := len(tables)
		tables = slices.DeleteFunc(tables, func(t table) bool {
			for _, r := range t.refers {
				if r != t.name && !done[r] {
					return false
				}
			}
			sorted = append(sorted, t)
			done[t.name] = true
			return true
		})
		if len(tables) == before {
			return nil, fmt.Errorf("table %s and others refer to each other in a circle", tables[0].name)
		}
	}
	return sorted, nil
}

// column reads a result of one text column.
func column(tx *Tx, q query, args ...any) ([]string, error) {
	rows, err := tx.Query(q, args...)
	if err != nil {
		return nil, err
	}
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// quote makes an identifier of a name from the catalog.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// list quotes names and joins them.
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return strings.Join(quoted, ", ")
}

func (t *table) names() []string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// version is that of a room's tables.
func version(tx *Tx, room string) (v int64, err error) {
	rows, err := tx.query("SELECT coalesce(max(version_id), 0) FROM "+quote(room+versionSuffix)+" WHERE is_applied", nil)
	if err != nil {
		return 0, err
	}
	if rows.Next() {
		err = rows.Scan(&v)
	}
	rows.Close()
	if err == nil {
		err = rows.Err()
	}
	return v, err
}
