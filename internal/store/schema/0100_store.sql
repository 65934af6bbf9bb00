-- +goose Up
-- One text for SQLite and PostgreSQL: BIGINT, TEXT and BYTEA, never NULL.
-- Times are epoch µs UTC, 0 = not. Every table carries its headquarters.

-- 通報
CREATE TABLE report_frame (
    hq TEXT NOT NULL, id TEXT NOT NULL,
    terminal TEXT NOT NULL, spool TEXT NOT NULL, seq BIGINT NOT NULL, msg_id TEXT NOT NULL,
    service TEXT NOT NULL, report TEXT NOT NULL, type TEXT NOT NULL, mode TEXT NOT NULL, revision BIGINT NOT NULL,
    sent_at BIGINT NOT NULL, received_at BIGINT NOT NULL, late BIGINT NOT NULL, health BIGINT NOT NULL,
    problem BIGINT NOT NULL, place TEXT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller, or medical where health = 1
    PRIMARY KEY (hq, id)
);
CREATE INDEX report_frame_seq ON report_frame (hq, terminal, spool, seq);
CREATE INDEX report_frame_report ON report_frame (hq, report, received_at);

CREATE TABLE report_report (
    hq TEXT NOT NULL, id TEXT NOT NULL, number TEXT NOT NULL,
    terminal TEXT NOT NULL, service TEXT NOT NULL, service_report TEXT NOT NULL,
    mode TEXT NOT NULL, revision BIGINT NOT NULL, frame TEXT NOT NULL,
    state TEXT NOT NULL, escalation BIGINT NOT NULL, undecodable BIGINT NOT NULL,
    kind TEXT NOT NULL, phone_index TEXT NOT NULL,
    event_at BIGINT NOT NULL, sent_at BIGINT NOT NULL, received_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
    skew BIGINT NOT NULL, late BIGINT NOT NULL,
    step TEXT NOT NULL, integrated_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, heard_at BIGINT NOT NULL,
    alive_at BIGINT NOT NULL, stale_at BIGINT NOT NULL, silent_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL, ended TEXT NOT NULL, cancelled BIGINT NOT NULL, reopened BIGINT NOT NULL,
    unheard_at BIGINT NOT NULL, rings_at BIGINT NOT NULL,
    claim_console TEXT NOT NULL, claim_person TEXT NOT NULL, claim_at BIGINT NOT NULL, claim_stale_at BIGINT NOT NULL,
    before_console TEXT NOT NULL, before_person TEXT NOT NULL, before_reason TEXT NOT NULL, before_handed BIGINT NOT NULL,
    offer_to TEXT NOT NULL, offer_at BIGINT NOT NULL, offer_refused TEXT NOT NULL,
    raised_console TEXT NOT NULL, raised_person TEXT NOT NULL, raised_at BIGINT NOT NULL, raise_reason TEXT NOT NULL, raised_number TEXT NOT NULL,
    entered_console TEXT NOT NULL, entered_person TEXT NOT NULL, entered_at BIGINT NOT NULL,
    closed_console TEXT NOT NULL, closed_person TEXT NOT NULL, close_reason TEXT NOT NULL, closed_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL, open BIGINT NOT NULL,
    chat_count BIGINT NOT NULL, last_chat_at BIGINT NOT NULL, last_chat_from TEXT NOT NULL, media_count BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE UNIQUE INDEX report_report_service ON report_report (hq, service, service_report);
CREATE INDEX report_report_open ON report_report (hq, open, received_at);
CREATE INDEX report_report_due ON report_report (hq, due_at) WHERE due_at > 0;
CREATE INDEX report_report_claims ON report_report (hq, claim_console) WHERE open = 1 AND claim_console <> '';
CREATE INDEX report_report_unshown ON report_report (hq) WHERE integrated_at = 0;
CREATE INDEX report_report_phone ON report_report (hq, phone_index, received_at) WHERE phone_index <> '';

CREATE TABLE report_close_note (
    hq TEXT NOT NULL, report TEXT NOT NULL,
    note BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, report)
);
CREATE TABLE report_counter (
    hq TEXT NOT NULL, series TEXT NOT NULL, n BIGINT NOT NULL,
    PRIMARY KEY (hq, series)
);
CREATE TABLE report_chat (
    hq TEXT NOT NULL, report TEXT NOT NULL, id TEXT NOT NULL,
    speaker TEXT NOT NULL, at BIGINT NOT NULL, received_at BIGINT NOT NULL,
    console TEXT NOT NULL, person TEXT NOT NULL, delivery TEXT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, report, id)
);
CREATE TABLE report_request (
    hq TEXT NOT NULL, id TEXT NOT NULL, terminal TEXT NOT NULL, service TEXT NOT NULL, report TEXT NOT NULL,
    console TEXT NOT NULL, person TEXT NOT NULL, asked_at BIGINT NOT NULL, answered_at BIGINT NOT NULL,
    count BIGINT NOT NULL, problem BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE INDEX report_request_report ON report_request (hq, report, asked_at);

-- 専用端末
CREATE TABLE terminal_register (
    hq TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, place TEXT NOT NULL, phone TEXT NOT NULL, address TEXT NOT NULL,
    services TEXT NOT NULL, serials TEXT NOT NULL, enrolled_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE TABLE terminal_link (
    hq TEXT NOT NULL, terminal TEXT NOT NULL, state TEXT NOT NULL, since BIGINT NOT NULL, tries BIGINT NOT NULL,
    missing BIGINT NOT NULL, planes_down TEXT NOT NULL, problem BIGINT NOT NULL,
    PRIMARY KEY (hq, terminal)
);

-- 指令台
CREATE TABLE console_register (
    hq TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, supervisor BIGINT NOT NULL, secret_hash TEXT NOT NULL,
    enrolled_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE TABLE console_enrolment (
    hq TEXT NOT NULL, code_hash TEXT NOT NULL, console TEXT NOT NULL, name TEXT NOT NULL, supervisor BIGINT NOT NULL,
    issued_by TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT NOT NULL,
    PRIMARY KEY (hq, code_hash)
);

-- 職員
CREATE TABLE staff_person (
    hq TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, roles TEXT NOT NULL,
    password_hash TEXT NOT NULL, state TEXT NOT NULL, created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL, password_at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE UNIQUE INDEX staff_person_account ON staff_person (hq, account);
CREATE TABLE staff_session (
    hq TEXT NOT NULL, token_hash TEXT NOT NULL, person TEXT NOT NULL, console TEXT NOT NULL,
    created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, ended TEXT NOT NULL,
    PRIMARY KEY (hq, token_hash)
);
CREATE TABLE staff_throttle (
    hq TEXT NOT NULL, subject TEXT NOT NULL, tries BIGINT NOT NULL, wait_until BIGINT NOT NULL,
    PRIMARY KEY (hq, subject)
);

-- outbox: what must leave the house, at least once
CREATE TABLE outbox_message (
    hq TEXT NOT NULL, id TEXT NOT NULL, destination TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    created_at BIGINT NOT NULL, done_at BIGINT NOT NULL, problem BIGINT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, id)
);
CREATE INDEX outbox_message_open ON outbox_message (hq, destination, id) WHERE done_at = 0;
