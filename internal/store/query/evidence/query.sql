-- name: Changes :many
SELECT * FROM feed_change WHERE hq = $1 AND seq > $2 ORDER BY seq LIMIT $3;
-- name: Head :one
SELECT size, seq FROM evidence_head WHERE hq = $1;
-- name: OfSubject :many
SELECT leaf, at, act, body FROM evidence_entry WHERE hq = $1 AND subject = $2 ORDER BY leaf LIMIT $3;
