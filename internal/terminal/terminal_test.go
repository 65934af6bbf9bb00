package terminal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	duties "github.com/matoi119/matoi/test/duty"
)

var (
	noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)
	duty = duties.Holds
)

func good() Terminal {
	return Terminal{
		ID: "t-01", Name: "Net119端末", Place: "指令室 北側", Phone: "内線 21", Address: "192.0.2.10:8443",
		Services: []Service{{ID: "net119.example", Name: "Net119"}, {ID: "aacn.example", Name: "AACN", OutputOnly: true}},
	}
}

func TestRegister(t *testing.T) {
	duty(t, "S3-1-1-2") // a terminal without a place to walk to is not registered
	if err := good().Check(); err != nil {
		t.Fatalf("good terminal: %v", err)
	}
	for key, spoil := range map[string]func(*Terminal){
		"terminal.id-invalid":      func(x *Terminal) { x.ID = "T 01" },
		"terminal.name-invalid":    func(x *Terminal) { x.Name = "" },
		"terminal.place-missing":   func(x *Terminal) { x.Place = "  " },
		"terminal.phone-invalid":   func(x *Terminal) { x.Phone = strings.Repeat("0", 101) },
		"terminal.address-invalid": func(x *Terminal) { x.Address = "192.0.2.10" },
		"terminal.service-invalid": func(x *Terminal) { x.Services = append(x.Services, x.Services[0]) },
	} {
		x := good()
		spoil(&x)
		if f := fault.As(x.Check()); f == nil || f.Key != key {
			t.Errorf("Check = %v, want %s", x.Check(), key)
		}
	}
}

func TestIDsAreDNSLabels(t *testing.T) {
	for id, want := range map[string]bool{
		"t-01": true, "a": true, "net119-north": true, strings.Repeat("a", 63): true,
		"": false, "1": false, "-a": false, "a-": false, "T1": false, "a.b": false, "a_b": false, "端末": false,
		"a b": false, "a\n": false, strings.Repeat("a", 64): false,
	} {
		if ValidID(id) != want {
			t.Errorf("ValidID(%q) = %t", id, !want)
		}
	}
	for address, want := range map[string]bool{
		"192.0.2.10:8443": true, "[2001:db8::1]:8443": true, "terminal.local:1": true,
		"": false, ":8443": false, "a:0": false, "a:65536": false, "a:b": false, "a": false, "http://a:1": false, "u@a:1": false, "a b:1": false,
	} {
		if (CheckAddress(address) == nil) != want {
			t.Errorf("CheckAddress(%q) = %v", address, CheckAddress(address))
		}
	}
}

func TestCertificatesThatMayBeShown(t *testing.T) {
	x := good().Enrolled("aa", good().Services, noon)
	if !x.Admits("aa") || x.Admits("bb") || x.Admits("") {
		t.Fatalf("after enrolment: %v", x.Serials)
	}
	if !slices.IsSortedFunc(x.Services, func(a, b Service) int { return strings.Compare(a.ID, b.ID) }) {
		t.Errorf("services in the order given: %v", x.Services)
	}
	for _, fresh := range []string{"bb", "cc", "dd"} { // renewals that the terminal never installed
		x = x.Renewed("aa", fresh)
	}
	if !x.Admits("aa") || !x.Admits("dd") || x.Admits("bb") {
		t.Errorf("renewing from aa: %v, want aa and dd", x.Serials)
	}
	if x = x.Renewed("dd", "dd"); x.Admits("aa") || !x.Admits("dd") {
		t.Errorf("after dd was shown: %v", x.Serials)
	}
	gone := x.Revoke(noon)
	if gone.Admits("dd") {
		t.Error("a revoked terminal is admitted")
	}
	back := gone.Enrolled("ee", nil, noon.Add(time.Hour))
	if !back.Admits("ee") || back.Admits("dd") {
		t.Errorf("enrolled anew: %v", back.Serials)
	}
	if s, ok := good().Service("aacn.example"); !ok || !s.OutputOnly {
		t.Errorf("Service = %+v, %t", s, ok)
	}
	if _, ok := good().Service("x"); ok {
		t.Error("found a service that is not there")
	}
}
