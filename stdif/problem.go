package stdif

import "fmt"

// Code is an error code of the interface (standard-interface §5.7). The
// hundreds are the layer: 1 transport, 2 format, 3 content, 4 state, 5 lease,
// 6 media, 9 internal.
type Code int

// The codes.
const (
	CodeTLS            Code = 101 // the connection is not the agreed one
	CodeIdentity       Code = 102 // the other side is not who it should be
	CodeSyntax         Code = 201 // not the format it claims to be
	CodeVersion        Code = 202 // a version of the profile that is not spoken here
	CodeTooLarge       Code = 203 // over a limit; nothing was cut
	CodeEncoding       Code = 204 // bytes are not the character set they claim
	CodeMissing        Code = 301 // a required item is missing
	CodeLocation       Code = 302 // a place that cannot be
	CodeUnknownValue   Code = 303 // an unknown code; a warning, the value is kept and shown
	CodeTime           Code = 304 // a time without offset, or not a time
	CodeSkew           Code = 305 // the sender's clock differs; a warning (時刻ずれ)
	CodeMode           Code = 306 // mode missing or changed within a report
	CodeVoice          Code = 307 // voice is not carried on this interface (S3-L8)
	CodeCleaned        Code = 308 // text was cleaned for showing; a warning, the raw is kept
	CodeNothing        Code = 309 // the message says, and says only, that there is nothing to report
	CodeStaleRevision  Code = 401 // an older or equal revision with other content
	CodeGap            Code = 402 // numbers are missing; a snapshot is asked for
	CodeUnknownReport  Code = 403
	CodeOutputOnly     Code = 404 // the service takes no input
	CodeBusy           Code = 501
	CodeExpired        Code = 502
	CodeScreen         Code = 503 // the terminal's screen cannot be seen or operated now
	CodeScreenLogin    Code = 504 // the VNC server of the terminal refuses the terminal's password
	CodeMediaType      Code = 601
	CodeMediaDigest    Code = 602
	CodeMediaDecode    Code = 603
	CodeInternal       Code = 901
	CodeStorage        Code = 902 // cannot be stored now; keep it and try again
	CodeNotEnrolled    Code = 903 // the terminal has no headquarters yet
	CodeUnknownService Code = 904 // credential or service is not known at this terminal
)

// Warning reports whether the code never stops a message from being taken.
// Others (302, 601 …) may stand in a list of warnings too: there they say what
// is wrong with one item of a message that was taken all the same.
func (c Code) Warning() bool {
	return c == CodeUnknownValue || c == CodeSkew || c == CodeCleaned
}

// Problem is a code with its place. Detail is for an engineer and never
// repeats the sender's value: a value may be a caller's words.
type Problem struct {
	Code   Code   `json:"code"`
	Place  string `json:"place,omitempty"`  // JSON pointer, XPath-like path or "byte 123"
	Detail string `json:"detail,omitempty"` // English, no values
}

func (p *Problem) Error() string {
	if p.Place == "" {
		return fmt.Sprintf("%d: %s", p.Code, p.Detail)
	}
	return fmt.Sprintf("%d at %s: %s", p.Code, p.Place, p.Detail)
}

// Problemf makes a problem.
func Problemf(code Code, place, format string, args ...any) *Problem {
	return &Problem{Code: code, Place: place, Detail: fmt.Sprintf(format, args...)}
}
