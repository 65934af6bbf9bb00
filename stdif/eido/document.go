package eido

// The shape of the document, as far as it is written here. Members are those of
// the published object; the order is that of this file.

type ref struct {
	Ref string `json:"$ref"`
}

type prologue struct {
	ID        string `json:"$id"`
	UpdatedAt string `json:"lastUpdateTimeStamp"`
	ByAgency  *ref   `json:"updatedByAgencyReference,omitempty"`
	ByAgent   *ref   `json:"updatedByAgentReference,omitempty"`
}

type document struct {
	prologue
	Version    string           `json:"eidoVersion"`
	Issuer     string           `json:"issuingElementIdentification"`
	Incident   *incident        `json:"incidentComponent,omitempty"`
	Calls      []call           `json:"callComponent,omitempty"`
	Callbacks  []callback       `json:"callbackComponent,omitempty"`
	Agencies   []agency         `json:"agencyComponent,omitempty"`
	Agents     []agent          `json:"agentComponent,omitempty"`
	Locations  []location       `json:"locationComponent,omitempty"`
	Persons    []person         `json:"personComponent,omitempty"`
	Additional []additionalData `json:"additionalDataComponent,omitempty"`
	Media      []media          `json:"mediaComponent,omitempty"`
	Notes      []note           `json:"notesComponent,omitempty"`
	Links      []link           `json:"linkComponent,omitempty"`
}

type incident struct {
	prologue
	TypeCode     string        `json:"incidentTypeInternalCode,omitempty"`
	TypeText     string        `json:"incidentTypeInternalText,omitempty"`
	TypeCommon   string        `json:"incidentTypeCommonRegistryText"`
	Status       []string      `json:"incidentStatusCommonRegistryText,omitempty"`
	StatusText   []string      `json:"incidentStatusInternalText,omitempty"`
	Internal     string        `json:"internalIncidentId,omitempty"`
	Locations    []ref         `json:"locationReference,omitempty"`
	Persons      []ref         `json:"personReference,omitempty"`
	Dispositions []disposition `json:"dispositionComponent,omitempty"`
}

type disposition struct {
	prologue
	Common string `json:"dispositionCommonRegistryCode"`
	Text   string `json:"dispositionDescriptionText,omitempty"`
}

type call struct {
	prologue
	State      string `json:"callStateRegistryText"`
	Primary    string `json:"standardPrimaryCallType"`
	Local      string `json:"localCallType,omitempty"`
	Direction  string `json:"direction"`
	Queue      string `json:"queueIdentifier,omitempty"`
	StartedAt  string `json:"callStartTimestamp"`
	AnsweredAt string `json:"answerDate,omitempty"`
	Callback   *ref   `json:"callBackReference,omitempty"`
	Agents     []ref  `json:"agentReference,omitempty"`
	Locations  []ref  `json:"locationReference,omitempty"`
	Persons    []ref  `json:"personReference,omitempty"`
	Additional []ref  `json:"additionalDataReference,omitempty"`
	Notes      []ref  `json:"notesReference,omitempty"`
}

type callback struct {
	prologue
	URIs []string `json:"callBackInformationUri"`
}

type agency struct {
	prologue
	Roles []string `json:"agencyRoleDescriptionRegistryText"`
	Kinds []string `json:"agencyType"`
	Card  string   `json:"agencyJcard,omitempty"`
	Owns  bool     `json:"incidentOwningAgencyIndicator,omitempty"`
}

type agent struct {
	prologue
	Roles   []string `json:"agentRoleRegistryText"`
	Agency  ref      `json:"agencyReference"`
	Console string   `json:"agentWorkstationPositionIdentification,omitempty"`
	Card    string   `json:"agentJcard,omitempty"`
}

type location struct {
	prologue
	Kind  string `json:"locationTypeDescriptionRegistryText"`
	Value string `json:"locationByValue,omitempty"`
	Text  string `json:"locationDescriptionText,omitempty"`
}

type person struct {
	prologue
	Roles      []string `json:"personIncidentRoleRegistryText"`
	Calls      []string `json:"callIdentifier,omitempty"`
	Callback   *ref     `json:"callBackReference,omitempty"`
	Additional []ref    `json:"additionalDataReference,omitempty"`
}

type additionalData struct {
	prologue
	Value   string `json:"additionalDataByValue,omitempty"`
	Purpose string `json:"urlPurpose,omitempty"`
}

type media struct {
	prologue
	URI   string `json:"uri,omitempty"`
	Type  string `json:"contentType"`
	Label string `json:"label,omitempty"`
}

type note struct {
	prologue
	Text  string `json:"notesActionComments"`
	Agent *ref   `json:"agentReference,omitempty"`
}

type link struct {
	prologue
	Incident  string `json:"incidentTrackingIdentification"`
	Direction string `json:"linkDirectionCode"`
	Reason    string `json:"transactionReasonText,omitempty"`
}
