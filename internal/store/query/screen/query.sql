-- name: Lease :one
SELECT * FROM screen_lease WHERE hq = $1 AND terminal = $2;
-- name: Leases :many
SELECT * FROM screen_lease WHERE hq = $1 ORDER BY terminal;
-- name: Preemption :one
SELECT * FROM screen_preemption WHERE hq = $1 AND terminal = $2 AND token = $3;
