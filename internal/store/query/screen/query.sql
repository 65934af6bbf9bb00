-- name: Lease :one
SELECT * FROM screen_lease WHERE hq = $1 AND terminal = $2;
-- name: Leases :many
SELECT * FROM screen_lease WHERE hq = $1 ORDER BY terminal;
-- name: Preemption :one
SELECT * FROM screen_preemption WHERE hq = $1 AND terminal = $2 AND token = $3;
-- name: Recording :one
SELECT * FROM screen_recording WHERE hq = $1 AND id = $2;
-- name: Recordings :many
SELECT * FROM screen_recording WHERE hq = $1 AND began_at < $2 ORDER BY began_at DESC, id DESC LIMIT $3;
-- name: RecordingsInState :many
SELECT * FROM screen_recording WHERE hq = $1 AND state = $2 AND began_at < $3 ORDER BY began_at, id LIMIT $4;
-- name: RecordedBytes :one
SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM screen_recording WHERE hq = $1 AND state = 'ended';
-- name: RecordingLooks :many
SELECT * FROM screen_recording_look WHERE hq = $1 AND recording = $2 ORDER BY at, id;
-- name: RecordPolicy :one
SELECT * FROM screen_recording_policy WHERE hq = $1 AND terminal = $2;
-- name: RecordPolicies :many
SELECT * FROM screen_recording_policy WHERE hq = $1 ORDER BY terminal;
