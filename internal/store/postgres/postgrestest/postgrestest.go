// Package postgrestest starts a real PostgreSQL for tests: one server per test
// binary, one database per test. PostgreSQL refuses to run as root, so under
// root it is started as the system's postgres user.
package postgrestest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver, for creating databases
)

// Server is a running PostgreSQL with its own cluster.
type Server struct {
	dir  string
	bin  string
	port int
	next atomic.Int64
}

// Main runs a test binary with a server; call it from TestMain. The server is
// gone when it returns.
func Main(m *testing.M, use func(*Server)) int {
	s, stop, err := Start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "PostgreSQL for the tests: %v\n(make setup installs it)\n", err)
		return 1
	}
	defer stop()
	use(s)
	return m.Run()
}

// Start starts a server for whoever needs it only sometimes; stop ends it and
// removes its cluster.
func Start() (s *Server, stop func(), err error) {
	if s, err = start(); err != nil {
		return nil, nil, err
	}
	return s, s.stop, nil
}

// Database makes an empty database and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "t" + strconv.FormatInt(s.next.Add(1), 10)
	db, err := sql.Open("pgx", s.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.dsn(name)
}

func (s *Server) dsn(name string) string {
	return fmt.Sprintf("host=127.0.0.1 port=%d user=matoi dbname=%s sslmode=disable", s.port, name)
}

func start() (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "matoi-pg-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, port: port}
	if os.Geteuid() == 0 {
		if err := give(dir, "postgres"); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if err := s.run("initdb", "-D", data, "-U", "matoi", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return nil, err
	}
	opts := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories='' -c max_connections=100", port)
	if err := s.run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", opts, "start"); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) stop() {
	if err := s.run("pg_ctl", "-D", filepath.Join(s.dir, "data"), "-w", "-m", "immediate", "stop"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	_ = os.RemoveAll(s.dir)
}

func (s *Server) run(name string, args ...string) error {
	argv := append([]string{filepath.Join(s.bin, name)}, args...)
	if os.Geteuid() == 0 {
		argv = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"}, argv...)
	}
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	cmd.Dir = s.dir
	// The server keeps the descriptors that it inherits: a pipe would never end.
	out, err := os.CreateTemp("", "matoi-pg-out-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(said))
	}
	return nil
}

// find looks where Debian puts the newest server, then along PATH.
func find() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err == nil && len(found) > 0 {
		slices.Sort(found)
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", fmt.Errorf("no PostgreSQL server on this machine: %w", err)
	}
	return filepath.Dir(path), nil
}

func give(dir, name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, -1)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
