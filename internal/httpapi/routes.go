package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
)

// routes is the one page of everything that answers, and who may ask.
func (s *Server) routes(mux *http.ServeMux) error {
	b := &binder{s: s, mux: mux}

	post(b, "/enrolments", authz.ConsoleJoin, "Turn a typed code into an enrolled console", s.joinConsole)
	post(b, "/sessions", authz.SessionOpen, "Log a person in at the console", s.logIn)
	remove(b, "/sessions/current", authz.SessionClose, "Log out", s.logOut)
	get(b, "/me", authz.SessionRead, "Which console this is and who sits there", s.me)

	get(b, "/board", authz.BoardRead, "Everything a console shows at once, and where the feed goes on", s.board)
	b.raw("GET /api/v1/feed", authz.FeedRead, s.stream)
	post(b, "/feed/painted", authz.FeedConfirm, "Confirm what this page has painted", s.confirmPainted)

	post(b, "/feed/beat", authz.FeedRead, "Say every 15 s that this page lives, and whether it can sound", s.takeBeat)
	s.deskRoutes(b)

	get(b, "/reports", authz.ReportList, "Reports, open or closed", s.listReports)
	post(b, "/reports/search", authz.ReportSearch, "Find reports by the caller's telephone number", s.searchReports)
	get(b, "/reports/{id}", authz.ReportRead, "One report with its words, lines and history", s.readReport)
	b.raw("GET /api/v1/reports/{id}/eido", authz.EidoRead, s.reportEIDO)
	b.raw("GET /api/v1/eido", authz.EidoRead, s.conveyEIDO)
	b.raw("GET /IncidentData/ent", authz.EidoRead, s.conveyEIDO) // where adapters look
	post(b, "/reports/{id}/open", authz.ReportOpen, "A person opened it: the caller may be told (seen)", s.openReport)
	post(b, "/reports/{id}/medical", authz.ReportMedical, "Read the medical part; who did is in the evidence log before it is answered", s.openMedical)
	post(b, "/reports/{id}/claim", authz.ReportClaim, "Take it in charge; one winner", s.claimReport)
	post(b, "/reports/{id}/release", authz.ReportRelease, "Give it back; it rings again", s.releaseReport)
	post(b, "/reports/{id}/close", authz.ReportClose, "End the work on it, with a reason", s.closeReport)
	post(b, "/reports/{id}/chat", authz.ChatSend, "Write to the caller", s.sendChat)
	b.raw("GET /api/v1/reports/{id}/media/{medium}/{copy}", authz.MediaRead, s.medium)
	post(b, "/reports/{id}/media/{medium}/look", authz.MediaRead, "A person made a blurred medium visible", s.lookMedium)
	post(b, "/reports/{id}/data-requests", authz.DataRequest, "Ask the terminal for its data now", s.requestReport)

	get(b, "/reports/{id}/places", authz.ReportRead, "Every place of every revision, as given: the track of a caller or a vehicle", s.reportPlaces)
	get(b, "/board/places", authz.BoardRead, "Where the open reports are, for a map of all of them", s.boardPlaces)
	get(b, "/map", authz.MapRead, "The headquarters' own map, when it has imported one", s.readMap)
	b.raw("GET /api/v1/map/{sha256}", authz.MapRead, s.mapFile)
	get(b, "/reports/{id}/incident", authz.IncidentRead, "The incident of a report, and what may belong to it", s.readJoining)
	post(b, "/reports/{id}/incident", authz.IncidentJoin, "Open an incident from a report", s.openIncident)
	post(b, "/reports/{id}/incident/join", authz.IncidentJoin, "Confirm that another report or a voice call is of the same event", s.joinIncident)
	post(b, "/reports/{id}/incident/part", authz.IncidentJoin, "Take a report or a voice call out of the incident again", s.partIncident)
	post(b, "/reports/{id}/incident/dismiss", authz.IncidentJoin, "Say that a proposal is another event; it is not proposed again", s.dismissProposal)
	get(b, "/reports/{id}/transfer", authz.ReportTransfer, "Where a report can be handed to, what was done, and what to read out", s.readTransfer)
	post(b, "/reports/{id}/transfer", authz.ReportTransfer, "Hand it to another headquarters by data; it stays open here until accepted there", s.offerTransfer)
	post(b, "/reports/{id}/transfer/telephone", authz.ReportTransfer, "Record a transfer by telephone", s.telephoneTransfer)
	post(b, "/reports/{id}/transfer/withdraw", authz.ReportTransfer, "Take an offer back that nobody there has accepted", s.withdrawTransfer)
	post(b, "/reports/{id}/transfer/refuse", authz.ReportTransfer, "Give back what another headquarters handed over", s.refuseTransfer)
	get(b, "/partners", authz.PartnerRead, "Headquarters that reports can be handed to", s.listPartners)
	get(b, "/incidents", authz.IncidentRead, "Open incidents with what belongs to them", s.listIncidents)
	post(b, "/incidents/{id}/close", authz.IncidentClose, "End the work on an incident", s.closeIncident)
	get(b, "/voice-calls", authz.VoiceCallRead, "Voice calls of late, as the telephone system told of them", s.listCalls)
	post(b, "/voice-calls", authz.VoiceCallNotice, "Tell of a voice call; no voice itself", s.noticeCall)

	get(b, "/snippets", authz.SnippetRead, "Ready sentences for the chat", s.readSnippets)
	post(b, "/snippets", authz.SnippetManage, "Replace the ready sentences", s.changeSnippets)
	get(b, "/video-requests", authz.BoardRead, "Requests for video that belong to no report yet", s.listVideos)
	post(b, "/video-requests", authz.MediaRequest, "Have a service send a link to a telephone", s.requestVideo)
	post(b, "/reports/{id}/calls", authz.CallRecord, "Write down a telephone call about it", s.recordCall)
	post(b, "/reports/{id}/call-backs", authz.CallerCallBack, "Ask the service to reach the caller again", s.callBack)
	post(b, "/reports/{id}/guides", authz.GuideSend, "Show one of the service's first-aid clips to the caller", s.sendGuide)
	post(b, "/reports/{id}/looks", authz.LiveView, "Begin or end to look at its live picture; who looks is recorded", s.lookLive)
	b.raw("GET /api/v1/reports/{id}/live", authz.LiveView, s.livePicture)

	get(b, "/terminals", authz.TerminalRead, "Terminals and their links", s.listTerminals)
	post(b, "/terminals", authz.TerminalEnrol, "Enrol a terminal", s.enrolTerminal)
	post(b, "/terminals/{id}/data-requests", authz.DataRequest, "Ask a terminal for all its open reports", s.requestTerminal)

	s.screenRoutes(b)

	get(b, "/recordings", authz.RecordingRead, "Recordings of screens, and which terminals are recorded", s.listRecordings)
	get(b, "/recordings/{id}", authz.RecordingRead, "One recording, and who saw it", s.readRecording)
	b.raw("GET /api/v1/recordings/{id}/video", authz.RecordingLook, s.recordingVideo)
	post(b, "/terminals/{id}/recording", authz.ScreenRecordPolicy, "Decide whether a terminal's screen transfers are recorded, with a reason", s.decideRecording)
	post(b, "/terminals/{id}/drill/stop", authz.DrillStop, "End the drill that cuts a terminal's line, at once", s.stopDrill)

	get(b, "/clients", authz.ClientRead, "Clients with their credentials and consoles", s.listClients)
	post(b, "/clients", authz.ClientManage, "Register a client; its token is shown once", s.addClient)
	post(b, "/clients/{id}/credentials", authz.ClientManage, "Give a client one more token, shown once", s.addCredential)
	post(b, "/clients/{id}/consoles", authz.ClientManage, "Enrol a console that a client speaks for", s.addClientConsole)
	post(b, "/clients/{id}/revoke", authz.ClientManage, "Take a client or one of its credentials out of service", s.revokeClient)
	post(b, "/terminals/{id}/revoke", authz.TerminalRevoke, "Take a terminal out of service at once", s.revokeTerminal)
	get(b, "/consoles", authz.ConsoleRead, "Consoles, those out of service included", s.listConsoles)
	post(b, "/consoles", authz.ConsoleEnrol, "Issue a code with which one browser becomes a console", s.issueConsole)
	post(b, "/consoles/{id}/revoke", authz.ConsoleRevoke, "Take a console out of service at once", s.revokeConsole)
	get(b, "/persons", authz.PersonRead, "Persons, those who left included", s.listPersons)
	post(b, "/persons", authz.PersonManage, "Register a person", s.addPerson)
	post(b, "/persons/{id}", authz.PersonManage, "Change state, roles or password of a person", s.changePerson)
	post(b, "/persons/{id}/log-out", authz.SessionRevoke, "End every session of a person", s.revokeSessions)

	get(b, "/clients/{id}/webhooks", authz.WebhookManage, "Webhooks of a client, what waits and what was given up", s.listHooks)
	post(b, "/clients/{id}/webhooks", authz.WebhookManage, "Have changes told to an address; its secret is shown once", s.addHook)
	post(b, "/clients/{id}/webhooks/{webhook}/remove", authz.WebhookManage, "Tell an address nothing more", s.removeHook)
	post(b, "/clients/{id}/webhooks/{webhook}/replay", authz.WebhookReplay, "Tell everything after a change again, under the same ids", s.replayHook)

	b.raw("GET /api/v1/openapi.json", authz.PageRead, s.openAPI)
	b.raw("GET /healthz", authz.HealthRead, s.healthz)
	b.raw("GET /", authz.PageRead, s.pages.ServeHTTP)
	return b.err
}

const base = "/api/v1"

// binder binds routes and keeps the first that must not start.
type binder struct {
	s   *Server
	mux *http.ServeMux
	err error
}

func (b *binder) declared(route string, right authz.Right) bool {
	if b.err == nil && !b.s.may.Declared(right) {
		b.err = fmt.Errorf("%w: %s needs %q", errUndeclared, route, right)
	}
	return b.err == nil
}

// raw binds a handler that writes its own answer.
func (b *binder) raw(route string, right authz.Right, h http.HandlerFunc) {
	if !b.declared(route, right) {
		return
	}
	b.mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		id, err := b.s.admit(r, right)
		if err != nil {
			b.s.refuse(w, r, err)
			return
		}
		h(w, r.WithContext(authn.With(r.Context(), id)))
	})
}

// answer is the body of a route's answer.
type answer[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

type nothing struct{}

func get[I, O any](b *binder, path string, right authz.Right, summary string, h func(context.Context, authn.Identity, *I) (O, error)) {
	bind(b, http.MethodGet, path, right, summary, h)
}

func post[I, O any](b *binder, path string, right authz.Right, summary string, h func(context.Context, authn.Identity, *I) (O, error)) {
	bind(b, http.MethodPost, path, right, summary, h)
}

func remove[I, O any](b *binder, path string, right authz.Right, summary string, h func(context.Context, authn.Identity, *I) (O, error)) {
	bind(b, http.MethodDelete, path, right, summary, h)
}

const maxBody = 64 << 10

// bind makes a typed route: right first, then the body, then the story.
func bind[I, O any](b *binder, method, path string, right authz.Right, summary string, h func(context.Context, authn.Identity, *I) (O, error)) {
	s := b.s
	if !b.declared(method+" "+path, right) {
		return
	}
	op := huma.Operation{
		Method: method, Path: base + path, Summary: summary, OperationID: operationID(method, path), MaxBodyBytes: maxBody,
		Description: "Right: `" + string(right) + "`.", Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity},
	}
	if method == http.MethodPost && unkeyed[path] == "" {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: keyHeader, In: "header", Description: "made by the client; the same request under the same key within 24 h happens once and is answered alike",
			Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		id, err := s.admit(r, right)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		inner, done, err := s.begin(w, r, path, id)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if !done {
			next(huma.WithContext(ctx, withDoor(authn.With(inner, id), door{w, r})))
		}
	}}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*answer[O], error) {
		id, _ := authn.From(ctx)
		out, err := h(ctx, id, in)
		if err != nil {
			return nil, s.problem(ctx, language(doorOf(ctx).r.Header.Get("Accept-Language")), err)
		}
		if err := s.keep(ctx, id, out); err != nil {
			return nil, s.problem(ctx, language(doorOf(ctx).r.Header.Get("Accept-Language")), err)
		}
		return &answer[O]{CacheControl: "no-store", Body: out}, nil
	})
}

// door carries the request to the few routes that set cookies.
type door struct {
	w http.ResponseWriter
	r *http.Request
}

type doorKey struct{}

func withDoor(ctx context.Context, d door) context.Context {
	return context.WithValue(ctx, doorKey{}, d)
}
func doorOf(ctx context.Context) door { d, _ := ctx.Value(doorKey{}).(door); return d }

func operationID(method, path string) string {
	id := make([]byte, 0, len(path)+8)
	up := false
	for _, c := range []byte(method + path) {
		switch {
		case c >= 'A' && c <= 'Z':
			id = append(id, c+'a'-'A')
		case c >= 'a' && c <= 'z':
			if up {
				c -= 'a' - 'A'
			}
			id, up = append(id, c), false
		default:
			up = true
		}
	}
	return string(id)
}

func (s *Server) openAPI(w http.ResponseWriter, r *http.Request) {
	b, err := s.OpenAPI()
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	_, _ = w.Write(b)
}
