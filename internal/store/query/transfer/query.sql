-- name: Partner :one
SELECT * FROM transfer_partner WHERE hq = $1 AND id = $2;
-- name: Partners :many
SELECT * FROM transfer_partner WHERE hq = $1 ORDER BY code, id;
-- name: Transfer :one
SELECT * FROM transfer_transfer WHERE hq = $1 AND id = $2;
-- name: Transfers :many
SELECT * FROM transfer_transfer WHERE hq = $1 AND report = $2 ORDER BY offered_at, id;
-- name: TransfersSince :many
SELECT * FROM transfer_transfer WHERE hq = $1 AND updated_at > $2 ORDER BY offered_at, id;
-- name: Relaying :many
SELECT * FROM transfer_transfer WHERE hq = $1 AND report = $2 AND method = 'data' AND ended_at = 0 ORDER BY offered_at, id;
