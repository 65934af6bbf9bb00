package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestOpensOnlyWhereItWasSealed(t *testing.T) {
	k, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	box, err := k.Seal(Caller, []byte("息が苦しい"), []byte("report/1"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := k.Open(Caller, box, []byte("report/1")); err != nil || string(plain) != "息が苦しい" {
		t.Fatalf("open: %q, %v", plain, err)
	}
	if _, err := k.Open(Caller, box, []byte("report/2")); !errors.Is(err, ErrSealed) {
		t.Errorf("opened at another place: %v", err)
	}
	if _, err := k.Open(Medical, box, []byte("report/1")); !errors.Is(err, ErrSealed) {
		// The class is part of the key; the first call cached the key by number.
		t.Errorf("opened under another class: %v", err)
	}
	for i := range box {
		bad := bytes.Clone(box)
		bad[i] ^= 1
		if _, err := k.Open(Caller, bad, []byte("report/1")); err == nil {
			t.Fatalf("byte %d changed and it still opens", i)
		}
	}
	for cut := range box {
		if _, err := k.Open(Caller, box[:cut], []byte("report/1")); err == nil {
			t.Fatalf("cut at %d and it still opens", cut)
		}
	}
}

func TestKeysSurviveRestartAndRotateByDay(t *testing.T) {
	dir := t.TempDir()
	day := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return day }
	k, err := openAt(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	first, err := k.Seal(Caller, []byte("a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	day = day.Add(24 * time.Hour)
	second, err := k.Seal(Caller, []byte("b"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first[:5], second[:5]) {
		t.Error("the next day uses the same data key")
	}
	again, err := openAt(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	for want, box := range map[string][]byte{"a": first, "b": second} {
		if plain, err := again.Open(Caller, box, nil); err != nil || string(plain) != want {
			t.Errorf("after restart: %q, %v", plain, err)
		}
	}
}

// Two processes of one headquarters (the server and a command) share the key
// file; neither may overwrite a key of the other.
func TestTwoKeepersNeverLoseAKey(t *testing.T) {
	dir := t.TempDir()
	const keepers, days = 4, 12
	var boxes [keepers][days][]byte
	var wg sync.WaitGroup
	for i := range keepers {
		wg.Go(func() {
			day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			k, err := openAt(dir, func() time.Time { return day })
			if err != nil {
				t.Error(err)
				return
			}
			for d := range days {
				if boxes[i][d], err = k.Seal(Caller, []byte{byte(i), byte(d)}, nil); err != nil {
					t.Error(err)
				}
				day = day.Add(24 * time.Hour)
			}
		})
	}
	wg.Wait()
	k, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range keepers {
		for d := range days {
			if plain, err := k.Open(Caller, boxes[i][d], nil); err != nil || !bytes.Equal(plain, []byte{byte(i), byte(d)}) {
				t.Fatalf("keeper %d day %d: %v", i, d, err)
			}
		}
	}
}

func TestBlindIndexIsKeyedAndSeparatesPurposes(t *testing.T) {
	a, _ := OpenDir(t.TempDir())
	b, _ := OpenDir(t.TempDir())
	x := a.Blind("phone", "+819000000000")
	if !bytes.Equal(x, a.Blind("phone", "+819000000000")) {
		t.Error("equal values differ")
	}
	if bytes.Equal(x, a.Blind("mail", "+819000000000")) || bytes.Equal(x, b.Blind("phone", "+819000000000")) {
		t.Error("another purpose or key gives the same index")
	}
}

func TestMasterKeyOfWrongSizeIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(dir); err == nil {
		t.Error("a cut master key was accepted")
	}
}
