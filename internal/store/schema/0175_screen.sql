-- +goose Up
-- 占有: who sees and who operates a terminal's screen. The token never goes back.
CREATE TABLE screen_lease (
    hq TEXT NOT NULL, terminal TEXT NOT NULL, token BIGINT NOT NULL,
    console TEXT NOT NULL, person TEXT NOT NULL, purpose TEXT NOT NULL, input BIGINT NOT NULL, since BIGINT NOT NULL, -- console '' = free
    offer_to TEXT NOT NULL, offer_at BIGINT NOT NULL,
    asking TEXT NOT NULL,  -- JSON: consoles and persons by id
    mirrors TEXT NOT NULL, -- ids of consoles, space-separated, sorted
    local_at BIGINT NOT NULL,
    PRIMARY KEY (hq, terminal)
);

-- 強制取得: whose screen a supervisor took, and why
CREATE TABLE screen_preemption (
    hq TEXT NOT NULL, terminal TEXT NOT NULL, token BIGINT NOT NULL, -- of the grant that was ended
    at BIGINT NOT NULL, console TEXT NOT NULL, person TEXT NOT NULL, by_console TEXT NOT NULL, by_person TEXT NOT NULL,
    reason BYTEA NOT NULL, -- sealed: caller
    PRIMARY KEY (hq, terminal, token)
);
