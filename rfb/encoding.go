package rfb

// Encoding is how the pixels of a rectangle are written, or a pseudo-encoding by
// which a client says what it understands.
type Encoding int32

// Encodings of pixels.
const (
	Raw      Encoding = 0
	CopyRect Encoding = 1
	Tight    Encoding = 7
	ZRLE     Encoding = 16
)

// Pseudo-encodings.
const (
	DesktopSize         Encoding = -223
	LastRect            Encoding = -224
	PointerPosition     Encoding = -232
	Cursor              Encoding = -239
	QEMUKeys            Encoding = -258
	ExtendedDesktopSize Encoding = -308
	FencePseudo         Encoding = -312
	ContinuousUpdates   Encoding = -313
	CursorWithAlpha     Encoding = -314
	ExtendedClipboard   Encoding = -0x3F5E1A32 // 0xC0A1E5CE
)

// Quality and compression levels of Tight, each of ten steps.
const (
	QualityLow      Encoding = -32  // JPEG quality 0 … QualityHigh 9
	QualityHigh     Encoding = -23  //
	CompressionLow  Encoding = -256 // zlib level 0 … CompressionHigh 9
	CompressionHigh Encoding = -247
)

// Quality is the level 0 … 9 that an encoding asks for; false when it is none.
func (e Encoding) Quality() (int, bool) {
	return int(e - QualityLow), e >= QualityLow && e <= QualityHigh
}

// Compression is the level 0 … 9 that an encoding asks for; false when it is none.
func (e Encoding) Compression() (int, bool) {
	return int(e - CompressionLow), e >= CompressionLow && e <= CompressionHigh
}
