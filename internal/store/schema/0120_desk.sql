-- +goose Up
-- 取りこぼし: what nobody took in time, until a person says what became of it
CREATE TABLE report_missed (
    hq TEXT NOT NULL, id TEXT NOT NULL, report TEXT NOT NULL, causes TEXT NOT NULL, at BIGINT NOT NULL, updated_at BIGINT NOT NULL, open BIGINT NOT NULL,
    done_console TEXT NOT NULL, done_person TEXT NOT NULL, done_at BIGINT NOT NULL, outcome TEXT NOT NULL,
    note BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, id)
);
CREATE INDEX report_missed_open ON report_missed (hq, open, at);
CREATE INDEX report_missed_report ON report_missed (hq, report, open);
CREATE INDEX report_missed_done ON report_missed (hq, done_at) WHERE done_at > 0;

-- what a person added in words to a take-over or a raising
CREATE TABLE report_note (
    hq TEXT NOT NULL, report TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, at BIGINT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, report, id)
);

-- 勤務: who took a seat, whether its sound was heard
CREATE TABLE console_shift (
    hq TEXT NOT NULL, id TEXT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL, began_at BIGINT NOT NULL, ended_at BIGINT NOT NULL,
    sound TEXT NOT NULL, sound_at BIGINT NOT NULL, reason TEXT NOT NULL, volume BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE INDEX console_shift_open ON console_shift (hq, console) WHERE ended_at = 0;

-- 引継ぎ
CREATE TABLE console_handover (
    hq TEXT NOT NULL, id TEXT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL, to_console TEXT NOT NULL, at BIGINT NOT NULL,
    taken_person TEXT NOT NULL, taken_at BIGINT NOT NULL,
    note BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, id)
);
CREATE INDEX console_handover_to ON console_handover (hq, to_console, taken_at);
