-- name: Client :one
SELECT * FROM client_register WHERE hq = $1 AND id = $2;
-- name: Clients :many
SELECT * FROM client_register WHERE hq = $1 ORDER BY name, id;
-- name: Credential :one
SELECT * FROM client_credential WHERE hq = $1 AND token_hash = $2;
-- name: Credentials :many
SELECT * FROM client_credential WHERE hq = $1 AND client = $2 ORDER BY created_at, name;
-- name: Pinned :many
SELECT * FROM client_credential WHERE hq = $1 AND certificate = $2 ORDER BY created_at;
-- name: Console :one
SELECT * FROM client_console WHERE hq = $1 AND console = $2;
-- name: Consoles :many
SELECT * FROM client_console WHERE hq = $1 AND client = $2 ORDER BY added_at, console;
-- name: Session :one
SELECT * FROM client_session WHERE hq = $1 AND token_hash = $2;
-- name: Done :one
SELECT * FROM client_done WHERE hq = $1 AND id = $2;
-- name: Answer :one
SELECT * FROM client_answer WHERE hq = $1 AND id = $2;
-- name: OldDone :many
SELECT id FROM client_done WHERE hq = $1 AND at < $2 ORDER BY at LIMIT $3;
-- name: OldAnswers :many
SELECT id FROM client_answer WHERE hq = $1 AND at < $2 ORDER BY at LIMIT $3;
-- name: Webhook :one
SELECT * FROM client_webhook WHERE hq = $1 AND id = $2;
-- name: Webhooks :many
SELECT * FROM client_webhook WHERE hq = $1 ORDER BY created_at, id;
