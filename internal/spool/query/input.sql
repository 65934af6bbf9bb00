-- name: LastInput :one
SELECT CAST(COALESCE(MAX(seq), 0) AS BIGINT) AS seq FROM spool_input WHERE hq = $1;

-- name: InputsTally :many
SELECT seq, id, service, report_id, verb, at FROM spool_input WHERE hq = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: InputByID :one
SELECT seq, service, report_id FROM spool_input WHERE hq = $1 AND id = $2;

-- name: InputsAfter :many
SELECT * FROM spool_input WHERE hq = $1 AND seq > $2 AND service = $3 AND verb <> 'ring' ORDER BY seq LIMIT $4;

-- name: InputsOfReport :many
SELECT * FROM spool_input WHERE hq = $1 AND service = $2 AND report_id = $3 ORDER BY +seq DESC LIMIT $4;

-- name: Acks :many
SELECT * FROM spool_ack WHERE hq = $1 ORDER BY from_seq;

-- name: AcksPage :many
SELECT * FROM spool_ack WHERE hq = $1 ORDER BY from_seq LIMIT $2;
