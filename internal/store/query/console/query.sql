-- name: Console :one
SELECT * FROM console_register WHERE hq = $1 AND id = $2;
-- name: Consoles :many
SELECT * FROM console_register WHERE hq = $1 ORDER BY name, id;
-- name: Enrolment :one
SELECT * FROM console_enrolment WHERE hq = $1 AND code_hash = $2;
-- name: Shift :one
SELECT * FROM console_shift WHERE hq = $1 AND console = $2 AND ended_at = 0 ORDER BY began_at DESC LIMIT 1;
-- name: Shifts :many
SELECT * FROM console_shift WHERE hq = $1 AND ended_at = 0 ORDER BY began_at;
-- name: HandOver :one
SELECT * FROM console_handover WHERE hq = $1 AND id = $2;
-- name: HandOvers :many
SELECT * FROM console_handover WHERE hq = $1 AND to_console = $2 AND taken_at = 0 ORDER BY at, id;
-- name: Snippets :one
SELECT * FROM console_snippets WHERE hq = $1 AND list = $2;
