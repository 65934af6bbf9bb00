-- name: Report :one
SELECT * FROM report_report WHERE hq = $1 AND id = $2;
-- name: ReportByService :one
SELECT * FROM report_report WHERE hq = $1 AND service = $2 AND service_report = $3;
-- name: Board :many
SELECT * FROM report_report WHERE hq = $1 AND open = 1 ORDER BY received_at, id;
-- name: Closed :many
SELECT * FROM report_report WHERE hq = $1 AND open = 0 AND received_at < $2 ORDER BY received_at DESC, id DESC LIMIT $3;
-- name: ByPhone :many
SELECT * FROM report_report WHERE hq = $1 AND phone_index = $2 AND phone_index <> '' ORDER BY received_at DESC LIMIT $3;
-- name: Due :many
SELECT id FROM report_report WHERE hq = $1 AND due_at > 0 AND due_at <= $2 ORDER BY due_at LIMIT $3;
-- name: FromFuture :many
SELECT id FROM report_report WHERE hq = $1 AND open = 1 AND (rings_at > $2 OR alive_at > $2 OR stale_at > $2) ORDER BY received_at;
-- name: NextDue :one
SELECT due_at FROM report_report WHERE hq = $1 AND due_at > 0 ORDER BY due_at LIMIT 1;
-- name: Stored :one
SELECT CAST(COALESCE(SUM(CASE WHEN series LIKE 'raised/%' THEN -n ELSE n END), 0) AS BIGINT) FROM report_counter WHERE hq = $1;
-- name: Unshown :one
SELECT COUNT(*) FROM report_report WHERE hq = $1 AND integrated_at = 0;
-- name: Counter :one
SELECT n FROM report_counter WHERE hq = $1 AND series = $2;
-- name: Frame :one
SELECT * FROM report_frame WHERE hq = $1 AND id = $2;
-- name: HasFrame :one
SELECT COUNT(*) FROM report_frame WHERE hq = $1 AND id = $2;
-- name: Frames :many
SELECT id, terminal, service, type, mode, revision, sent_at, received_at, late, problem, place
FROM report_frame WHERE hq = $1 AND report = $2 ORDER BY received_at, id;
-- name: Have :many
SELECT seq FROM report_frame WHERE hq = $1 AND terminal = $2 AND spool = $3 AND seq > $4 ORDER BY seq LIMIT $5;
-- name: NextSpool :one
SELECT spool FROM report_frame WHERE hq = $1 AND terminal = $2 AND spool > $3 ORDER BY spool LIMIT 1;
-- name: SpoolExtent :one
SELECT COUNT(*) AS n, CAST(COALESCE(MIN(seq), 0) AS BIGINT) AS first, CAST(COALESCE(MAX(seq), 0) AS BIGINT) AS last
FROM report_frame WHERE hq = $1 AND terminal = $2 AND spool = $3;
-- name: SpoolHeard :one
SELECT received_at FROM report_frame WHERE hq = $1 AND terminal = $2 AND spool = $3 ORDER BY seq DESC LIMIT 1;
-- name: Refused :many
SELECT seq, problem, place FROM report_frame WHERE hq = $1 AND terminal = $2 AND spool = $3 AND problem > 0 AND received_at > $4 ORDER BY seq;
-- name: Chat :many
SELECT * FROM report_chat WHERE hq = $1 AND report = $2 ORDER BY at, received_at, id;
-- name: ChatLine :one
SELECT * FROM report_chat WHERE hq = $1 AND report = $2 AND id = $3;
-- name: CloseNote :one
SELECT note FROM report_close_note WHERE hq = $1 AND report = $2;
-- name: Request :one
SELECT * FROM report_request WHERE hq = $1 AND id = $2;
-- name: Requests :many
SELECT * FROM report_request WHERE hq = $1 AND report = $2 ORDER BY asked_at;
-- name: OpenRequests :many
SELECT * FROM report_request WHERE hq = $1 AND terminal = $2 AND answered_at = 0 ORDER BY asked_at;
-- name: Claims :many
SELECT id, claim_console, claim_stale_at FROM report_report WHERE hq = $1 AND open = 1 AND claim_console <> '' ORDER BY id;
-- name: Missed :one
SELECT * FROM report_missed WHERE hq = $1 AND id = $2;
-- name: MissedOfReport :one
SELECT * FROM report_missed WHERE hq = $1 AND report = $2 AND open = 1 ORDER BY at LIMIT 1;
-- name: MissedOpen :many
SELECT * FROM report_missed WHERE hq = $1 AND open = 1 ORDER BY at, id LIMIT $2;
-- name: MissedDone :many
SELECT * FROM report_missed WHERE hq = $1 AND done_at >= $2 AND done_at < $3 ORDER BY done_at, id;
-- name: CountMissed :one
SELECT COUNT(*) FROM report_missed WHERE hq = $1 AND open = 1;
-- name: Notes :many
SELECT * FROM report_note WHERE hq = $1 AND report = $2 ORDER BY at, id;
-- name: Video :one
SELECT * FROM report_video WHERE hq = $1 AND id = $2;
-- name: VideosFrom :many
SELECT * FROM report_video WHERE hq = $1 AND origin = $2 AND origin <> '' ORDER BY asked_at;
-- name: VideosOf :many
SELECT * FROM report_video WHERE hq = $1 AND answer = $2 AND answer <> '' ORDER BY asked_at;
-- name: WaitingVideos :many
SELECT * FROM report_video WHERE hq = $1 AND origin = '' AND answer = '' AND asked_at > $2 ORDER BY asked_at;
-- name: Contacted :one
SELECT * FROM report_contact WHERE hq = $1 AND report = $2 AND id = $3;
-- name: Contacts :many
SELECT * FROM report_contact WHERE hq = $1 AND report = $2 ORDER BY at, recorded_at, id;
-- name: ReportsOf :many
SELECT * FROM report_report WHERE hq = @hq AND id IN (@k1, @k2, @k3, @k4, @k5, @k6, @k7, @k8, @k9, @k10, @k11, @k12, @k13, @k14, @k15, @k16);
-- name: FramesOf :many
SELECT * FROM report_frame WHERE hq = @hq AND id IN (@k1, @k2, @k3, @k4, @k5, @k6, @k7, @k8, @k9, @k10, @k11, @k12, @k13, @k14, @k15, @k16);
-- name: VideosFromAll :many
SELECT asked_at, origin, answer, state FROM report_video WHERE hq = @hq AND origin IN (@k1, @k2, @k3, @k4, @k5, @k6, @k7, @k8, @k9, @k10, @k11, @k12, @k13, @k14, @k15, @k16);
-- name: VideosOfAll :many
SELECT asked_at, origin, answer, state FROM report_video WHERE hq = @hq AND answer IN (@k1, @k2, @k3, @k4, @k5, @k6, @k7, @k8, @k9, @k10, @k11, @k12, @k13, @k14, @k15, @k16);
-- name: OpenActual :one
SELECT COUNT(*) FROM report_report WHERE hq = $1 AND terminal = $2 AND open = 1 AND (raised_at > 0 OR mode NOT IN ('exercise', 'test'));
-- name: FramesAfter :many
SELECT id, seq, msg_id, service, type, received_at, report FROM report_frame WHERE hq = $1 AND terminal = $2 AND spool = $3 AND seq > $4 ORDER BY seq, id LIMIT $5;
