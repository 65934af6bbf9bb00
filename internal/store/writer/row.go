package writer

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/internal/audit"
)

// Table is a table that acts write. Key holds the columns of its primary key;
// the first is always "hq". All other writes than through Tx are bugs.
type Table struct {
	Name string
	Key  []string
}

// plan is how rows of one Go type go into one table.
type plan struct {
	table   Table
	fields  []int    // struct fields, in the order of columns
	columns []string // sorted by name: the order of the canonical bytes
	key     []int    // positions of the key within columns, without hq
	hq      int      // position of hq
	put     string
	add     string
}

func newPlan(t Table, typ reflect.Type) (*plan, error) {
	type column struct {
		name  string
		field int
	}
	var cols []column
	for i := range typ.NumField() {
		f := typ.Field(i)
		name := f.Tag.Get("db")
		if name == "" || !f.IsExported() {
			return nil, fmt.Errorf("rows of %s: field %s.%s has no db tag", t.Name, typ, f.Name)
		}
		switch {
		case f.Type.Kind() == reflect.String, f.Type.Kind() == reflect.Int64:
		case f.Type == reflect.TypeFor[[]byte]():
		default:
			return nil, fmt.Errorf("rows of %s: column %s is a %s; tables hold TEXT, BIGINT and BYTEA only", t.Name, name, f.Type)
		}
		cols = append(cols, column{name, i})
	}
	slices.SortFunc(cols, func(a, b column) int { return strings.Compare(a.name, b.name) })
	p := &plan{table: t, hq: -1}
	var marks, set []string
	for i, c := range cols {
		p.fields = append(p.fields, c.field)
		p.columns = append(p.columns, c.name)
		marks = append(marks, "$"+strconv.Itoa(i+1))
		if !slices.Contains(t.Key, c.name) {
			set = append(set, c.name+" = excluded."+c.name)
		}
	}
	for i, k := range t.Key {
		at := slices.Index(p.columns, k)
		if at < 0 || (i == 0) != (k == "hq") {
			return nil, fmt.Errorf("rows of %s: key column %s", t.Name, k)
		}
		if i == 0 {
			p.hq = at
			continue
		}
		p.key = append(p.key, at)
	}
	insert := "INSERT INTO " + t.Name + " (" + strings.Join(p.columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") +
		") ON CONFLICT (" + strings.Join(t.Key, ", ") + ") DO "
	p.add = insert + "NOTHING"
	p.put = insert + "UPDATE SET " + strings.Join(set, ", ")
	if len(set) == 0 {
		p.put = p.add
	}
	return p, nil
}

// values takes the columns' values out of a row. A nil []byte becomes an empty
// one: no column is ever NULL.
func (p *plan) values(row reflect.Value) []any {
	out := make([]any, len(p.fields))
	for i, f := range p.fields {
		v := row.Field(f)
		switch v.Kind() {
		case reflect.String:
			out[i] = Text(v.String())
		case reflect.Int64:
			out[i] = v.Int()
		default:
			b := v.Bytes()
			if b == nil {
				b = []byte{}
			}
			out[i] = b
		}
	}
	return out
}

// commitment names the row and its digest for the entry.
func (p *plan) commitment(values []any) (audit.Row, error) {
	d, err := audit.RowDigest(p.table.Name, p.columns, values)
	if err != nil {
		return audit.Row{}, err
	}
	key, err := p.keyOf(values)
	return audit.Row{Table: p.table.Name, Key: key, Digest: d.String()}, err
}

func (p *plan) keyOf(values []any) (string, error) {
	key := make([]any, len(p.key))
	for i, at := range p.key {
		key[i] = values[at]
	}
	return audit.RowKey(key)
}
