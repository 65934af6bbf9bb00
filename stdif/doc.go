// Package stdif holds what crosses the standard interface between an emergency
// call service and a fire command system through a dedicated terminal: the
// values, the limits, the error codes and the ports. It names no protocol and
// does no I/O; a profile (stdif/open1) or a codec of an existing format
// (stdif/cap, stdif/veds, stdif/multipart, with stdif/pidf and stdif/additional
// for its parts) turns bytes into these values and back.
//
// The duties come from 「消防機関が緊急通報サービスに求める条件」: text, still
// images and video are carried, voice is not (S3-L8); a service may be
// output-only (S3-1-3-1); data is given whenever it is asked for (S3-1-3-2).
package stdif
