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

-- name: Ringing :many
SELECT * FROM spool_report
WHERE hq = $1 AND closed = 0 AND quiet = 0 AND (ring = 1 OR (mode = 'actual' AND ring_seq > $2))
ORDER BY ring_seq DESC LIMIT $3;

-- name: ReportsUpTo :many
SELECT * FROM spool_report WHERE hq = $1 AND last_seq > $2 AND last_seq <= $3 ORDER BY last_seq LIMIT $4;
