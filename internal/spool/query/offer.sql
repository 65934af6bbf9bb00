-- name: Offers :many
SELECT * FROM spool_offer WHERE hq = $1 ORDER BY service;

-- name: StrayRequests :many
SELECT i.seq, i.service, i.report_id FROM spool_input i
WHERE i.hq = $1 AND i.verb = 'request-media' AND i.at < $2 AND i.seq < $3
  AND NOT EXISTS (SELECT 1 FROM spool_report r WHERE r.hq = i.hq AND r.service = i.service AND r.report_id = i.report_id)
ORDER BY i.seq LIMIT $4;
