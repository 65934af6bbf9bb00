-- +goose Up
-- 画面転送の録画: whether a terminal is recorded, what was recorded, and who looked.
-- The pictures lie in sealed files named by id (internal/store/blob).
CREATE TABLE screen_recording_policy (
    hq TEXT NOT NULL, terminal TEXT NOT NULL, recorded BIGINT NOT NULL,
    console TEXT NOT NULL, person TEXT NOT NULL, at BIGINT NOT NULL,
    body BYTEA NOT NULL, -- sealed: staff; the reason
    PRIMARY KEY (hq, terminal)
);

CREATE TABLE screen_recording (
    hq TEXT NOT NULL, id TEXT NOT NULL, terminal TEXT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL,
    state TEXT NOT NULL, ending TEXT NOT NULL, began_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, disposed_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL, width BIGINT NOT NULL, height BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE INDEX screen_recording_began ON screen_recording (hq, began_at);
CREATE INDEX screen_recording_state ON screen_recording (hq, state, began_at);

CREATE TABLE screen_recording_look (
    hq TEXT NOT NULL, id TEXT NOT NULL, recording TEXT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL,
    export BIGINT NOT NULL, start BIGINT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE INDEX screen_recording_look_of ON screen_recording_look (hq, recording, at);
