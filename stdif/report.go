package stdif

import "time"

// Mode says whether lives are at stake. It travels from the caller's page to
// the evidence log and is never mixed (EDXL distributionStatus).
type Mode string

// The modes.
const (
	Actual   Mode = "actual"
	Exercise Mode = "exercise" // 訓練
	Test     Mode = "test"     // 試験
)

// Valid reports whether m is one of the three modes.
func (m Mode) Valid() bool { return m == Actual || m == Exercise || m == Test }

// IncidentType is the kind of an emergency: a common code, the service's own
// code and the label as the service shows it. The label is never replaced.
type IncidentType struct {
	Code      string `json:"code"`                // fire, ems, rescue, other (common); required
	LocalCode string `json:"localCode,omitempty"` // the service's own code
	Label     string `json:"label,omitempty"`     // as shown to the caller, for example 救急
}

// Common codes of IncidentType.
const (
	KindFire   = "fire"
	KindEMS    = "ems"
	KindRescue = "rescue"
	KindOther  = "other"
)

// Report is one revision of an emergency report (通報). A later revision
// replaces an earlier one as a whole; revisions are never merged.
type Report struct {
	ID          string            `json:"reportId"`            // the service's own number, unique within the service; required
	Revision    int64             `json:"revision"`            // 1, 2, 3 …; required
	EventTime   time.Time         `json:"eventTime"`           // when the caller made it; required, with offset
	Kind        IncidentType      `json:"kind"`                // required
	Text        string            `json:"text,omitempty"`      // free text of the caller, at most MaxText characters
	Locations   []Location        `json:"locations,omitempty"` // several at once; nothing is picked for the reader
	Subscriber  *SubscriberInfo   `json:"subscriber,omitempty"`
	Medical     *Medical          `json:"medical,omitempty"`
	Contacts    []Contact         `json:"contacts,omitempty"`
	Proxy       *Proxy            `json:"proxy,omitempty"`
	Routing     *Routing          `json:"routing,omitempty"`
	Vehicle     *Vehicle          `json:"vehicle,omitempty"`
	Severity    *Severity         `json:"severity,omitempty"`
	Media       []Media           `json:"media,omitempty"`
	RequestID   string            `json:"requestId,omitempty"`   // the request of the headquarters that it answers (MediaRequest)
	Cancelled   bool              `json:"cancelled,omitempty"`   // the sender withdraws the report; it stays on the board until a person closes it
	Additional  []Additional      `json:"additional,omitempty"`  // 付加情報: what the format held and no field above takes
	Raw         *Raw              `json:"raw,omitempty"`         // the bytes it was decoded from, when the format was another one
	Translation map[string]string `json:"translation,omitempty"` // BCP 47 tag to text, as given by the service
}

// SubscriberInfo is what the caller registered beforehand (RFC 7852 SubscriberInfo).
type SubscriberInfo struct {
	Name          string   `json:"name,omitempty"`
	Kana          string   `json:"kana,omitempty"`
	Birth         string   `json:"birth,omitempty"` // YYYY-MM-DD
	Sex           string   `json:"sex,omitempty"`   // male, female, other, unknown
	Phone         string   `json:"phone,omitempty"` // E.164 where the service has it
	Mail          string   `json:"mail,omitempty"`
	Address       string   `json:"address,omitempty"`
	Language      string   `json:"language,omitempty"`      // BCP 47
	Communication []string `json:"communication,omitempty"` // text, sign, speech, hearing-aid …
}

// Medical is health data; class 厳秘 (MQ-4-2). It is sealed with a key of its own.
type Medical struct {
	Conditions  []string `json:"conditions,omitempty"`
	Medications []string `json:"medications,omitempty"`
	Allergies   []string `json:"allergies,omitempty"`
	Hospital    string   `json:"hospital,omitempty"`
	BloodType   string   `json:"bloodType,omitempty"`
	Note        string   `json:"note,omitempty"`
}

// Contact is a person to call.
type Contact struct {
	Name     string `json:"name,omitempty"`
	Relation string `json:"relation,omitempty"`
	Phone    string `json:"phone,omitempty"`
}

// Proxy describes a report made by an operator for somebody else (代理通報;
// RFC 7852 ProviderInfo).
type Proxy struct {
	Organisation string     `json:"organisation,omitempty"`
	Operator     string     `json:"operator,omitempty"`
	Callback     string     `json:"callback,omitempty"`   // telephone of the operator
	Verified     string     `json:"verified,omitempty"`   // answered, no-answer, not-tried
	AnsweredAt   *time.Time `json:"answeredAt,omitempty"` // when the operator took the call
}

// Routing names the headquarters concerned by their six-digit local government
// code or their own code (Net119: 登録地本部 and 通報地本部).
type Routing struct {
	RegisteredHQ string `json:"registeredHq,omitempty"`
	LocatedHQ    string `json:"locatedHq,omitempty"`
	HandledHQ    string `json:"handledHq,omitempty"`
	Handover     string `json:"handover,omitempty"` // wire, telephone
}

// Vehicle is the car of a crash notification (RFC 8148).
type Vehicle struct {
	VIN        string  `json:"vin,omitempty"`
	Plate      string  `json:"plate,omitempty"`
	Make       string  `json:"make,omitempty"`
	Model      string  `json:"model,omitempty"`
	Colour     string  `json:"colour,omitempty"`
	Propulsion string  `json:"propulsion,omitempty"`
	Occupants  int     `json:"occupants,omitempty"`
	Belted     *int    `json:"belted,omitempty"`
	Crashes    []Crash `json:"crashes,omitempty"`
}

// Crash is one impact: direction as the clock (12 = front) and change of speed.
type Crash struct {
	Direction int     `json:"direction,omitempty"` // 1 … 12, clock positions
	DeltaV    float64 `json:"deltaVKmh,omitempty"`
	Rollover  bool    `json:"rollover,omitempty"`
	Airbag    bool    `json:"airbag,omitempty"`
	Fire      bool    `json:"fire,omitempty"`
}

// Severity is an estimate and always says by which algorithm it was made.
type Severity struct {
	Value     float64 `json:"value"` // probability of death or severe injury, 0 … 1
	Algorithm string  `json:"algorithm"`
	Version   string  `json:"version"`
}

// Additional is one item of the sender's format that no field takes: shown as
// it came, never interpreted.
type Additional struct {
	Name  string `json:"name"` // path in the sender's format, for example "alert.info.parameter[SIGNAL]"
	Value string `json:"value"`
}

// Raw keeps the sender's own bytes.
type Raw struct {
	MIME  string `json:"mime"`
	Bytes []byte `json:"b64"`
}

// ServiceState is what the service says about its own end of a report. It
// never closes the report here: only a person at a console does.
type ServiceState string

// States that a service may report.
const (
	ServiceActive      ServiceState = "active"        // heartbeat: the caller's session lives
	ServiceEnded       ServiceState = "ended"         // the caller or the service ended the session
	ServiceCallerGone  ServiceState = "caller-gone"   // the connection to the caller is lost
	ServiceHandledHere ServiceState = "handled-alone" // completed at the terminal alone (condition 1-1-2)

	// What becomes of a request for media, beside the above.
	ServiceLinkSent   ServiceState = "link-sent"   // the link is on its way to the caller
	ServiceLinkOpened ServiceState = "link-opened" // the caller opened it
	ServiceConsented  ServiceState = "consented"   // the caller agreed: terms, cost, safety
	ServiceLive       ServiceState = "live"        // pictures come now
	ServiceLiveEnded  ServiceState = "live-ended"  // they have ended; the session may go on
	ServiceDeclined   ServiceState = "declined"    // the caller did not agree
	ServiceFailed     ServiceState = "failed"      // the link could not be sent, or was never opened
)

// Valid reports whether s is a known state.
func (s ServiceState) Valid() bool {
	switch s {
	case ServiceActive, ServiceEnded, ServiceCallerGone, ServiceHandledHere,
		ServiceLinkSent, ServiceLinkOpened, ServiceConsented, ServiceLive, ServiceLiveEnded, ServiceDeclined, ServiceFailed:
		return true
	}
	return false
}

// ReportState is one statement of a service about a report.
type ReportState struct {
	ReportID string       `json:"reportId"`
	State    ServiceState `json:"state"`
	At       time.Time    `json:"at"`
	Note     string       `json:"note,omitempty"`

	Additional []Additional `json:"additional,omitempty"` // what no field above takes
}

// ChatFrom says whose line it is.
type ChatFrom string

// Speakers of a chat line.
const (
	FromCaller       ChatFrom = "caller"
	FromOperator     ChatFrom = "operator"     // the service's operator (代理通報)
	FromHeadquarters ChatFrom = "headquarters" // a dispatcher at a console
	FromTerminal     ChatFrom = "terminal"     // a person at the dedicated terminal (StandaloneUse)
	FromSystem       ChatFrom = "system"       // the service itself
)

// ChatMessage is one line of text between the caller and the headquarters.
type ChatMessage struct {
	ID       string    `json:"id"`       // unique within the report; idempotency key
	ReportID string    `json:"reportId"` // the service's number of the report
	From     ChatFrom  `json:"from"`
	At       time.Time `json:"at"`
	Text     string    `json:"text"`

	Additional []Additional `json:"additional,omitempty"` // what no field above takes
}

// Media refers to a still image or a video. Voice is not carried (S3-L8).
type Media struct {
	ID        string     `json:"id"`
	ReportID  string     `json:"reportId,omitempty"` // set where the medium travels alone
	MIME      string     `json:"mime"`               // image/jpeg, image/png, image/webp, video/mp4
	Bytes     int64      `json:"bytes"`
	SHA256    string     `json:"sha256"` // lower-case hex
	Label     string     `json:"label,omitempty"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	Live      bool       `json:"live,omitempty"`

	Additional []Additional `json:"additional,omitempty"` // what no field above takes
}
