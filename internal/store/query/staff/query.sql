-- name: Person :one
SELECT * FROM staff_person WHERE hq = $1 AND id = $2;
-- name: PersonByAccount :one
SELECT * FROM staff_person WHERE hq = $1 AND account = $2;
-- name: People :many
SELECT * FROM staff_person WHERE hq = $1 ORDER BY account;
-- name: Session :one
SELECT * FROM staff_session WHERE hq = $1 AND token_hash = $2;
-- name: Sessions :many
SELECT * FROM staff_session WHERE hq = $1 AND ended_at = 0 ORDER BY created_at;
-- name: Throttle :one
SELECT * FROM staff_throttle WHERE hq = $1 AND subject = $2;
