-- name: Console :one
SELECT * FROM console_register WHERE hq = $1 AND id = $2;
-- name: Consoles :many
SELECT * FROM console_register WHERE hq = $1 ORDER BY name, id;
-- name: Enrolment :one
SELECT * FROM console_enrolment WHERE hq = $1 AND code_hash = $2;
