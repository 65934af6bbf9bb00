-- name: Terminal :one
SELECT * FROM terminal_register WHERE hq = $1 AND id = $2;
-- name: Terminals :many
SELECT * FROM terminal_register WHERE hq = $1 ORDER BY id;
-- name: Link :one
SELECT * FROM terminal_link WHERE hq = $1 AND terminal = $2;
-- name: Links :many
SELECT * FROM terminal_link WHERE hq = $1 ORDER BY terminal;
-- name: Drill :one
SELECT * FROM terminal_drill WHERE hq = $1 AND id = $2;
-- name: DrillsInState :many
SELECT * FROM terminal_drill WHERE hq = $1 AND state = $2 ORDER BY terminal, cut_at;
-- name: DrillOf :one
SELECT * FROM terminal_drill WHERE hq = $1 AND state = $2 AND terminal = $3 LIMIT 1;
-- name: Drills :many
SELECT * FROM terminal_drill WHERE hq = $1 ORDER BY cut_at DESC, id LIMIT $2;
