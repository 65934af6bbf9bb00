-- name: Medium :one
SELECT * FROM media_medium WHERE hq = $1 AND id = $2;
-- name: MediumOf :one
SELECT * FROM media_medium WHERE hq = $1 AND report = $2 AND medium = $3;
-- name: OfReport :many
SELECT * FROM media_medium WHERE hq = $1 AND report = $2 ORDER BY at, id;
-- name: Unfinished :many
SELECT * FROM media_medium WHERE hq = $1 AND unfinished = 1 ORDER BY late, at DESC, id LIMIT $2;
-- name: Old :many
SELECT * FROM media_medium WHERE hq = $1 AND id > $2 AND at < $3 AND disposed_at = 0 AND unfinished = 0 ORDER BY id LIMIT $4;
-- name: Looked :many
SELECT medium FROM media_look WHERE hq = $1 AND report = $2 AND person = $3;
-- name: Stored :many
SELECT terminal, service, CAST(SUM(bytes + shown_bytes + poster_bytes) AS BIGINT) AS bytes
FROM media_medium WHERE hq = $1 AND disposed_at = 0 GROUP BY terminal, service;
