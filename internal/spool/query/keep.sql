-- name: Medium :one
SELECT * FROM spool_media WHERE hq = $1 AND service = $2 AND report_id = $3 AND medium = $4;

-- name: MediaOfReport :many
SELECT * FROM spool_media WHERE hq = $1 AND service = $2 AND report_id = $3 ORDER BY medium;

-- name: MediaFiles :many
SELECT * FROM spool_media WHERE hq = $1 ORDER BY file;

-- name: Services :many
SELECT * FROM spool_service WHERE hq = $1 ORDER BY id;

-- name: Service :one
SELECT * FROM spool_service WHERE hq = $1 AND id = $2;

-- name: Meta :many
SELECT name, value FROM spool_meta WHERE hq = $1 ORDER BY name;
