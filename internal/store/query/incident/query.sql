-- name: Incident :one
SELECT * FROM incident_incident WHERE hq = $1 AND id = $2;
-- name: Incidents :many
SELECT * FROM incident_incident WHERE hq = $1 AND (open = 1 OR closed_at > $2) ORDER BY opened_at, id;
-- name: LinkOf :one
SELECT * FROM incident_link WHERE hq = $1 AND kind = $2 AND member = $3;
-- name: Members :many
SELECT * FROM incident_link WHERE hq = $1 AND incident = $2 AND parted_at = 0 ORDER BY at, member;
-- name: Links :many
SELECT l.kind, l.member, i.id, i.number FROM incident_link l JOIN incident_incident i ON i.hq = l.hq AND i.id = l.incident
WHERE i.hq = $1 AND (i.open = 1 OR i.closed_at > $2) AND l.parted_at = 0;
-- name: Dismissed :many
SELECT a, b FROM incident_dismissal WHERE hq = $1 AND (a = $2 OR b = $2);
-- name: Call :one
SELECT * FROM incident_call WHERE hq = $1 AND id = $2;
-- name: Calls :many
SELECT * FROM incident_call WHERE hq = $1 AND received_at > $2 ORDER BY received_at DESC, id LIMIT 500;
