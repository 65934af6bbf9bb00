package audit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
)

// Digest is the SHA-256 of a row's canonical bytes.
type Digest [sha256.Size]byte

// String is the digest in unpadded base64, as entries carry it.
func (d Digest) String() string { return base64.RawStdEncoding.EncodeToString(d[:]) }

// Gone is the digest that an entry gives for a row its act removed.
const Gone = "-"

// RowDigest commits to one row. Columns are in the order of their names; values
// are string, int64 or []byte, the only types that tables have. The encoding is
// injective: table, then name, type letter, length and bytes of each column.
func RowDigest(table string, columns []string, values []any) (Digest, error) {
	size := 64
	for i, c := range columns {
		size += len(c) + 32
		switch v := values[i].(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	b := make([]byte, 0, size)
	b = append(b, "matoi row 1\n"...)
	b = appendField(b, 't', table)
	var number [20]byte
	for i, c := range columns {
		b = appendField(b, 'c', c)
		switch v := values[i].(type) {
		case string:
			b = appendField(b, 's', v)
		case int64:
			b = appendField(b, 'i', strconv.AppendInt(number[:0], v, 10))
		case []byte:
			b = appendField(b, 'b', v)
		default:
			return Digest{}, fmt.Errorf("row of %s: column %s holds a %T", table, c, v)
		}
	}
	return sha256.Sum256(b), nil
}

func appendField[V string | []byte](b []byte, kind byte, v V) []byte {
	b = append(b, kind)
	b = strconv.AppendInt(b, int64(len(v)), 10)
	b = append(b, ':')
	return append(b, v...)
}

// RowKey renders the key of a row, without the headquarters, as a JSON array.
func RowKey(values []any) (string, error) {
	b, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("row key: %w", err)
	}
	return string(b), nil
}
