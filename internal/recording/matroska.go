package recording

import (
	"encoding/binary"
	"math"
	"time"
)

// Frames reach the encoder as an uncompressed Matroska stream (RFC 9559): it is
// the simplest container that carries a time with each picture, so that a still
// hour is not sixty times sixty times five pictures.

// Element ids, as they stand in the file.
const (
	idEBML        = 0x1A45DFA3
	idDocType     = 0x4282
	idSegment     = 0x18538067
	idInfo        = 0x1549A966
	idScale       = 0x2AD7B1
	idTracks      = 0x1654AE6B
	idTrack       = 0xAE
	idNumber      = 0xD7
	idUID         = 0x73C5
	idType        = 0x83
	idCodec       = 0x86
	idVideo       = 0xE0
	idWidth       = 0xB0
	idHeight      = 0xBA
	idColourSpace = 0x2EB524
	idCluster     = 0x1F43B675
	idTimestamp   = 0xE7
	idSimpleBlock = 0xA3

	unknownSize = 0x01FFFFFFFFFFFFFF // goes on until the stream ends
	videoTrack  = 1
)

func element(b []byte, id uint32, body []byte) []byte {
	b = elementHead(b, id, uint64(len(body)))
	return append(b, body...)
}

// elementHead writes an id and a size in eight bytes.
func elementHead(b []byte, id uint32, size uint64) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if v := id >> shift; v != 0 {
			b = append(b, byte(v))
		}
	}
	if size == unknownSize {
		return binary.BigEndian.AppendUint64(b, unknownSize)
	}
	return binary.BigEndian.AppendUint64(b, 1<<56|size)
}

func number(b []byte, id uint32, v uint64) []byte {
	return element(b, id, binary.BigEndian.AppendUint64(nil, v))
}

// matroskaHead begins a stream of pictures in BGRA, with times in milliseconds.
func matroskaHead(width, height int) []byte {
	video := number(nil, idWidth, uint64(width))    //nolint:gosec // at most rfb.MaxSide
	video = number(video, idHeight, uint64(height)) //nolint:gosec // at most rfb.MaxSide
	video = element(video, idColourSpace, []byte("BGRA"))
	track := number(nil, idNumber, videoTrack)
	track = number(track, idUID, videoTrack)
	track = number(track, idType, videoTrack)
	track = element(track, idCodec, []byte("V_UNCOMPRESSED"))
	track = element(track, idVideo, video)
	b := element(nil, idEBML, element(nil, idDocType, []byte("matroska")))
	b = elementHead(b, idSegment, unknownSize)
	b = element(b, idInfo, number(nil, idScale, uint64(time.Millisecond.Nanoseconds())))
	return element(b, idTracks, element(nil, idTrack, track))
}

// appendFrame writes a cluster of one picture.
func appendFrame(b []byte, at time.Duration, pixels []byte) []byte {
	stamp := number(nil, idTimestamp, uint64(max(at.Milliseconds(), 0)))
	block := []byte{0x80 | videoTrack, 0, 0, 0x80} // at the cluster's own time, a key frame
	size := uint64(len(stamp)) + 1 + 8 + uint64(len(block)+len(pixels))
	if size > math.MaxUint32 {
		panic("recording: a picture of more than four gigabytes")
	}
	b = elementHead(b, idCluster, size)
	b = append(b, stamp...)
	b = elementHead(b, idSimpleBlock, uint64(len(block)+len(pixels)))
	b = append(b, block...)
	return append(b, pixels...)
}
