package store_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/postgres/postgrestest"
	"github.com/matoi119/matoi/internal/terminal"
)

var server *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func(s *postgrestest.Server) { server = s }))
}

const hq = "279999"

// engine is an empty database of one kind; open may be called several times, as
// several processes would.
type engine struct {
	*testing.T
	config store.Config
	keys   *seal.Keeper
}

// onEach runs a test on both engines: they must not differ in anything.
func onEach(t *testing.T, test func(e *engine)) {
	t.Helper()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			e := &engine{T: t, config: store.Config{HQ: hq, Dir: t.TempDir()}}
			if name == "postgres" {
				e.config.Postgres = server.Database(t)
			}
			onKeys(e)
			test(e)
		})
	}
}

func onKeys(e *engine) {
	e.Helper()
	var err error
	e.keys, err = seal.OpenDir(filepath.Join(e.TempDir(), "keys"))
	e.ok(err)
}

func (e *engine) open() *store.Store {
	e.Helper()
	s, err := store.Open(e.Context(), e.config, e.keys)
	e.ok(err)
	e.Cleanup(func() { e.ok(s.Close()) })
	return s
}

func (e *engine) ok(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// sound wants the log to agree with what is stored.
func (e *engine) sound() {
	e.Helper()
	r, err := store.Verify(context.WithoutCancel(e.Context()), e.config)
	if err != nil || !r.OK() || r.Entries == 0 {
		e.Errorf("verify: %d entries, %v, %v", r.Entries, r.Findings, err)
	}
}

// do runs an act that says that it is a test.
func (e *engine) do(s *store.Store, f func(ctx context.Context, u *store.Unit) error) {
	e.Helper()
	e.ok(s.Do(e.Context(), func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		return entry.Entry{Act: "test", Subject: "test/1"}, f(ctx, u)
	}))
}

// same compares what was saved with what was read.
func (e *engine) same(what string, got, want any) {
	e.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		e.Errorf("%s (-saved +read):\n%s", what, d)
	}
}

// none wants the one error of a row that is not there.
func (e *engine) none(what string, err error) {
	e.Helper()
	if fault.Of(err) != fault.NotFound {
		e.Errorf("%s that is not there: %v", what, err)
	}
}

// fill gives every field of a struct a value of its own, so that a column that
// is forgotten or swapped shows.
func fill[T any](salt int) T {
	var v T
	n := salt * 1000
	fillValue(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fillValue(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMicro(1_700_000_000_000_000 + int64(*n)).UTC()))
		return
	case time.Duration:
		v.SetInt(int64(time.Duration(*n) * time.Microsecond))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), n)
		}
	case reflect.String:
		v.SetString("語'\"\\" + strings.Repeat("x", *n%7) + time.Duration(*n).String())
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(v.Elem(), n)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{0, 1, byte(*n), 0xff})
		}
	}
}

// acts are the stories on a store.
func (e *engine) acts(s *store.Store) *act.Acts {
	e.Helper()
	may, err := authz.New()
	e.ok(err)
	a, err := act.New(s, may)
	e.ok(err)
	return a
}

func aTerminal() terminal.Terminal {
	return terminal.Terminal{
		ID: "t-01", Name: "端末", Place: "通信室", Phone: "内線 1", Address: "192.0.2.1:8443", Serials: []string{"0a", "0b"},
		Services:   []terminal.Service{{ID: "aacn", Name: "AACN", OutputOnly: true}, {ID: "net119", Name: "ネット119"}},
		EnrolledAt: time.UnixMicro(1_700_000_000_000_001).UTC(), RevokedAt: time.UnixMicro(1_700_000_000_000_002).UTC(),
	}
}
