-- name: Open :many
SELECT * FROM outbox_message WHERE hq = $1 AND destination = $2 AND done_at = 0 ORDER BY id LIMIT $3;
-- name: Message :one
SELECT * FROM outbox_message WHERE hq = $1 AND id = $2;
-- name: Waiting :many
SELECT destination, COUNT(*) AS n, MIN(created_at) AS oldest FROM outbox_message WHERE hq = $1 AND done_at = 0 GROUP BY destination;
-- name: Dead :many
SELECT id, subject, problem FROM outbox_message WHERE hq = $1 AND destination = $2 AND problem <> 0 ORDER BY id DESC LIMIT $3;
-- name: SentTo :many
SELECT id, kind, created_at, done_at, problem FROM outbox_message WHERE hq = $1 AND destination = $2 AND created_at >= $3 ORDER BY id LIMIT $4;
