-- name: LastSeq :one
SELECT CAST(COALESCE(MAX(seq), 0) AS BIGINT) AS seq FROM spool_frame WHERE hq = $1;

-- name: FramesTally :many
SELECT seq, msg_id, service, report_id, type, item, mode, at FROM spool_frame WHERE hq = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: FrameByItem :one
SELECT seq, report_id, digest, at FROM spool_frame
WHERE hq = $1 AND service = $2 AND report_id = $3 AND type = $4 AND item = $5
ORDER BY +seq DESC LIMIT 1;

-- name: Frame :one
SELECT * FROM spool_frame WHERE hq = $1 AND seq = $2;

-- name: FramesFrom :many
SELECT * FROM spool_frame WHERE hq = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq LIMIT $4;

-- name: FramesOfType :many
SELECT * FROM spool_frame
WHERE hq = $1 AND service = $2 AND report_id = $3 AND type = $4
ORDER BY +seq DESC LIMIT $5;

-- name: SeqsOfReport :many
SELECT seq FROM spool_frame WHERE hq = $1 AND service = $2 AND report_id = $3 ORDER BY +seq LIMIT $4;

-- name: ReportsOfFrames :many
SELECT DISTINCT service, report_id FROM spool_frame WHERE hq = $1 AND seq >= $2 AND seq <= $3;

-- name: RecentRaw :one
SELECT seq, report_id, digest, at FROM spool_frame
WHERE hq = $1 AND seq > $2 AND service = $3 AND type = 'report.raw' AND item = $4
ORDER BY seq DESC LIMIT 1;

-- name: CountFrames :one
SELECT COUNT(*) FROM spool_frame WHERE hq = $1 AND seq >= $2 AND seq <= $3;
