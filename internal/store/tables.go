package store

import (
	clientq "github.com/matoi119/matoi/internal/store/query/client"
	consoleq "github.com/matoi119/matoi/internal/store/query/console"
	evidenceq "github.com/matoi119/matoi/internal/store/query/evidence"
	mediaq "github.com/matoi119/matoi/internal/store/query/media"
	outboxq "github.com/matoi119/matoi/internal/store/query/outbox"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
	screenq "github.com/matoi119/matoi/internal/store/query/screen"
	staffq "github.com/matoi119/matoi/internal/store/query/staff"
	terminalq "github.com/matoi119/matoi/internal/store/query/terminal"
	"github.com/matoi119/matoi/internal/store/writer"
)

// Tables lists every table that acts write, with its key. A test holds it
// against the schema, so that no table escapes verification.
func Tables() []writer.Table {
	t := func(name string, key ...string) writer.Table {
		return writer.Table{Name: name, Key: append([]string{"hq"}, key...)}
	}
	return []writer.Table{
		t("report_frame", "id"), t("report_report", "id"), t("report_close_note", "report"), t("report_counter", "series"),
		t("report_missed", "id"), t("report_note", "report", "id"), t("report_chat", "report", "id"), t("report_request", "id"),
		t("media_medium", "id"), t("media_look", "medium", "person"),
		t("terminal_register", "id"), t("terminal_link", "terminal"),
		t("console_register", "id"), t("console_enrolment", "code_hash"), t("console_shift", "id"), t("console_handover", "id"),
		t("staff_person", "id"), t("staff_session", "token_hash"), t("staff_throttle", "subject"),
		t("incident_incident", "id"), t("incident_link", "kind", "member"), t("incident_dismissal", "a", "b"), t("incident_call", "id"),
		t("transfer_partner", "id"), t("transfer_transfer", "id"),
		t("outbox_message", "id"),
		t("client_register", "id"), t("client_credential", "token_hash"), t("client_console", "console"), t("client_session", "token_hash"),
		t("client_done", "id"), t("client_answer", "id"), t("client_webhook", "id"),
		t("console_snippets", "list"),
		t("screen_lease", "terminal"), t("screen_preemption", "terminal", "token"),
		t("report_video", "id"), t("report_contact", "report", "id"),
		t("screen_recording_policy", "terminal"), t("screen_recording", "id"), t("screen_recording_look", "id"),
		t("terminal_drill", "id"),
	}
}

func (s *Store) reportQueries(db writer.DBTX) *reportq.Queries     { return reportq.New(db) }
func (s *Store) mediaQueries(db writer.DBTX) *mediaq.Queries       { return mediaq.New(db) }
func (s *Store) terminalQueries(db writer.DBTX) *terminalq.Queries { return terminalq.New(db) }
func (s *Store) consoleQueries(db writer.DBTX) *consoleq.Queries   { return consoleq.New(db) }
func (s *Store) staffQueries(db writer.DBTX) *staffq.Queries       { return staffq.New(db) }
func (s *Store) outboxQueries(db writer.DBTX) *outboxq.Queries     { return outboxq.New(db) }
func (s *Store) clientQueries(db writer.DBTX) *clientq.Queries     { return clientq.New(db) }
func (s *Store) screenQueries(db writer.DBTX) *screenq.Queries     { return screenq.New(db) }
func (s *Store) evidenceQueries(db writer.DBTX) *evidenceq.Queries { return evidenceq.New(db) }
