package staff

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/fault"
)

func TestHashAndVerify(t *testing.T) {
	const password = "青い傘と三つの橋を渡る"
	stored := HashPassword(password)
	if !strings.HasPrefix(stored, "pbkdf2-sha256$600000$") {
		t.Fatalf("stored as %q", stored)
	}
	if other := HashPassword(password); other == stored {
		t.Error("two hashes of one password are equal: no salt")
	}
	for _, tt := range []struct {
		typed      string
		ok, rehash bool
	}{
		{password, true, false}, {password + " ", false, false}, {strings.Repeat("x", 1<<20), false, false},
	} {
		if ok, rehash := VerifyPassword(stored, tt.typed); ok != tt.ok || rehash != tt.rehash {
			t.Errorf("VerifyPassword(%.20q) = %t, %t; want %t, %t", tt.typed, ok, rehash, tt.ok, tt.rehash)
		}
	}
	salt := make([]byte, saltSize)
	if ok, _ := VerifyPassword(encode(1, salt, derive("Blue-umbrella-7", salt, 1)), "Ｂｌｕｅ－ｕｍｂｒｅｌｌａ－７"); !ok {
		t.Error("the same password typed with the input method on was refused")
	}
}

// The encoding against the definition of RFC 8018 with plain loops, at few rounds.
func TestStoredFormIsPBKDF2(t *testing.T) {
	salt := []byte("0123456789abcdef")
	const password, n = "correct horse battery", 3
	mac := func(b []byte) []byte {
		h := hmac.New(sha256.New, []byte(password))
		h.Write(b)
		return h.Sum(nil)
	}
	u := mac(binary.BigEndian.AppendUint32(salt[:len(salt):len(salt)], 1))
	want := append([]byte(nil), u...)
	for range n - 1 {
		u = mac(u)
		for i := range want {
			want[i] ^= u[i]
		}
	}
	b64 := base64.RawStdEncoding
	stored := "pbkdf2-sha256$3$" + b64.EncodeToString(salt) + "$" + b64.EncodeToString(want)
	if ok, rehash := VerifyPassword(stored, password); !ok || !rehash {
		t.Errorf("VerifyPassword = %t, rehash %t; want true, true (few rounds)", ok, rehash)
	}
}

func TestDamagedHashesVerifyNothing(t *testing.T) {
	good := encode(1, make([]byte, saltSize), derive("x", make([]byte, saltSize), 1))
	if ok, _ := VerifyPassword(good, "x"); !ok {
		t.Fatal("the undamaged hash does not verify")
	}
	part := strings.Split(good, "$")
	for name, stored := range map[string]string{
		"empty": "", "other scheme": strings.Replace(good, "sha256", "sha1", 1), "no rounds": strings.Replace(good, "$1$", "$0$", 1),
		"rounds that would never end": strings.Replace(good, "$1$", "$99999999999$", 1),
		"short salt":                  strings.Join([]string{part[0], "1", "AAAA", part[3]}, "$"),
		"empty hash":                  strings.Join([]string{part[0], "1", part[2], ""}, "$"),
		"one part more":               good + "$x",
	} {
		if _, _, _, err := decode(stored); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
	if ok, rehash := VerifyPassword("", "x"); ok || rehash {
		t.Errorf("without a hash: VerifyPassword = %t, %t", ok, rehash)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, key := range map[string]string{
		"青い傘と三つの橋を渡る朝の光":                   "",
		"correct horse battery staple":     "",
		"Tsuyu-no-asa-ni-37":               "",
		"kX9-vTq2!mLw7":                    "",
		"twelve-chars":                     "password.short",
		"短い":                               "password.short",
		strings.Repeat("long-enough ", 11): "password.long",
		"tab\tinside-this":                 "password.characters",
		"bad\xffutf8-inside-this":          "password.characters",
		"my-name-is-sato-here":             "password.personal",
		"ＳＡＴＯ-wa-genki-desu":               "password.personal",
		"佐藤花子の合言葉はこれです":                    "password.personal",
		"aaaaaaaaaaaaa":                    "password.trivial",
		"abcabcabcabcabc":                  "password.trivial",
		"1234567890123":                    "password.trivial",
		"abcdefghijklm":                    "password.trivial",
		"zyxwvutsrqpon":                    "password.trivial",
		"qwertyuiopasdf":                   "password.trivial",
		"1qaz2wsx3edc4":                    "password.trivial",
		"Password12345!":                   "password.trivial",
		"P@ssw0rd-2026-04":                 "password.trivial",
		"shobo-119-2026!":                  "password.trivial",
		"消防本部１１９１１９１１９":                    "password.trivial",
		"admin-admin-2026":                 "password.trivial",
		"090-1234-5678":                    "password.trivial",
		"pass" + strings.Repeat("👨‍🚒", MaxPassword/4): "password.characters",
	} {
		err := CheckPassword(password, "sato", "佐藤花子")
		f := fault.As(err)
		if key == "" && err != nil || key != "" && (f == nil || f.Key != key) {
			t.Errorf("CheckPassword(%q) = %v, want %q", password, err, key)
		}
		if f != nil && strings.Contains(f.Error(), password) {
			t.Errorf("the failure repeats the password: %v", f)
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("Tsuyu-no-asa-ni-37", "sato")
	f.Fuzz(func(t *testing.T, password, account string) {
		if err := CheckPassword(password, account, ""); err == nil && len(password) < MinPassword {
			t.Fatalf("took %q of %d bytes", password, len(password))
		}
	})
}

func BenchmarkVerifyPassword(b *testing.B) {
	stored := HashPassword("Tsuyu-no-asa-ni-37")
	for b.Loop() {
		VerifyPassword(stored, "Tsuyu-no-asa-ni-38")
	}
}
