-- +goose Up
-- 接続システム: command systems of other makers, and programs of providers.

CREATE TABLE client_register (
    hq TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, scopes TEXT NOT NULL,
    created_by TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE TABLE client_credential (
    hq TEXT NOT NULL, token_hash TEXT NOT NULL, client TEXT NOT NULL, name TEXT NOT NULL,
    certificate TEXT NOT NULL, -- SHA-256 of the pinned certificate, '' = none
    created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL, used_at BIGINT NOT NULL,
    PRIMARY KEY (hq, token_hash)
);
CREATE INDEX client_credential_certificate ON client_credential (hq, certificate) WHERE certificate <> '';
CREATE INDEX client_credential_client ON client_credential (hq, client);

-- Consoles that a client speaks for, and the sessions opened through it.
CREATE TABLE client_console (
    hq TEXT NOT NULL, console TEXT NOT NULL, client TEXT NOT NULL, added_at BIGINT NOT NULL,
    PRIMARY KEY (hq, console)
);
CREATE TABLE client_session (
    hq TEXT NOT NULL, token_hash TEXT NOT NULL, client TEXT NOT NULL, credential TEXT NOT NULL,
    PRIMARY KEY (hq, token_hash)
);

-- What a request with an Idempotency-Key has done, and what was answered.
CREATE TABLE client_done (
    hq TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, at BIGINT NOT NULL,
    facts TEXT NOT NULL, -- of the entry: ids and codes only
    PRIMARY KEY (hq, id)
);
CREATE INDEX client_done_at ON client_done (hq, at);
CREATE TABLE client_answer (
    hq TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, at BIGINT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, id)
);
CREATE INDEX client_answer_at ON client_answer (hq, at);

-- Webhooks.
CREATE TABLE client_webhook (
    hq TEXT NOT NULL, id TEXT NOT NULL, client TEXT NOT NULL, url TEXT NOT NULL, kinds TEXT NOT NULL, words BIGINT NOT NULL,
    secret BYTEA NOT NULL, -- sealed: caller
    cursor BIGINT NOT NULL, state TEXT NOT NULL, created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE INDEX outbox_message_dead ON outbox_message (hq, destination, id) WHERE problem <> 0;
