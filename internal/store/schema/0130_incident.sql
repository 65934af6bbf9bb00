-- +goose Up
-- 事案 and what belongs to it

CREATE TABLE incident_incident (
    hq TEXT NOT NULL, id TEXT NOT NULL, number TEXT NOT NULL, mode TEXT NOT NULL, state TEXT NOT NULL, open BIGINT NOT NULL,
    opened_console TEXT NOT NULL, opened_person TEXT NOT NULL, opened_at BIGINT NOT NULL,
    closed_console TEXT NOT NULL, closed_person TEXT NOT NULL, closed_at BIGINT NOT NULL,
    PRIMARY KEY (hq, id)
);
CREATE INDEX incident_incident_open ON incident_incident (hq, open, closed_at);

CREATE TABLE incident_link (
    hq TEXT NOT NULL, kind TEXT NOT NULL, member TEXT NOT NULL, incident TEXT NOT NULL,
    console TEXT NOT NULL, person TEXT NOT NULL, at BIGINT NOT NULL,
    parted_console TEXT NOT NULL, parted_person TEXT NOT NULL, parted_at BIGINT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (hq, kind, member)
);
CREATE INDEX incident_link_incident ON incident_link (hq, incident, at);

CREATE TABLE incident_dismissal (
    hq TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL, at BIGINT NOT NULL,
    PRIMARY KEY (hq, a, b)
);
CREATE INDEX incident_dismissal_b ON incident_dismissal (hq, b);

-- notices of voice calls; the voice never comes here (K6)
CREATE TABLE incident_call (
    hq TEXT NOT NULL, id TEXT NOT NULL, mode TEXT NOT NULL, line TEXT NOT NULL, state TEXT NOT NULL, phone_index TEXT NOT NULL,
    started_at BIGINT NOT NULL, answered_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, received_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
    body BYTEA NOT NULL, -- sealed: caller; number and place
    PRIMARY KEY (hq, id)
);
CREATE INDEX incident_call_received ON incident_call (hq, received_at);
