-- name: Report :one
SELECT * FROM spool_report WHERE hq = $1 AND service = $2 AND report_id = $3;

-- name: OpenReports :many
SELECT * FROM spool_report
WHERE hq = $1 AND closed = 0 AND ring_seq < $2
ORDER BY ring_seq DESC LIMIT $3;

-- name: ClosedReports :many
SELECT * FROM spool_report
WHERE hq = $1 AND closed = 1 AND ring_seq < $2
ORDER BY ring_seq DESC LIMIT $3;

-- name: Asked :many
SELECT * FROM spool_report
WHERE hq = $1 AND ring = 1 AND closed = 0 AND quiet = 0
ORDER BY ring_seq DESC LIMIT $2;

-- name: Waiting :many
SELECT * FROM spool_report
WHERE hq = $1 AND closed = 0 AND ring_seq > $2 AND quiet = 0 AND mode <> 'test'
ORDER BY ring_seq DESC LIMIT $3;

-- name: ReportsUpTo :many
SELECT * FROM spool_report WHERE hq = $1 AND last_seq > $2 AND last_seq <= $3 ORDER BY last_seq LIMIT $4;
