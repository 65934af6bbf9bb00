-- name: Video :one
SELECT * FROM service_request WHERE hq = $1 AND id = $2;
-- name: VideosFrom :many
SELECT * FROM service_request WHERE hq = $1 AND origin = $2 AND origin <> '' ORDER BY asked_at;
-- name: VideosOf :many
SELECT * FROM service_request WHERE hq = $1 AND answer = $2 AND answer <> '' ORDER BY asked_at;
-- name: WaitingVideos :many
SELECT * FROM service_request WHERE hq = $1 AND origin = '' AND answer = '' AND asked_at > $2 ORDER BY asked_at;
-- name: Contacted :one
SELECT * FROM service_contact WHERE hq = $1 AND report = $2 AND id = $3;
-- name: Contacts :many
SELECT * FROM service_contact WHERE hq = $1 AND report = $2 ORDER BY at, recorded_at, id;
