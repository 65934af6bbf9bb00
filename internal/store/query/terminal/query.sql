-- name: Terminal :one
SELECT * FROM terminal_register WHERE hq = $1 AND id = $2;
-- name: Terminals :many
SELECT * FROM terminal_register WHERE hq = $1 ORDER BY id;
-- name: Link :one
SELECT * FROM terminal_link WHERE hq = $1 AND terminal = $2;
-- name: Links :many
SELECT * FROM terminal_link WHERE hq = $1 ORDER BY terminal;
