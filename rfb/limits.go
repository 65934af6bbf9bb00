package rfb

// Limits of one connection. They stand beside the parser; a message that is over
// one ends the connection with an *Error.
const (
	MaxSide      = 16384    // pixels in one direction
	MaxPixels    = 34 << 20 // pixels of a framebuffer: 8K, or four monitors of 4K
	MaxName      = 4096     // bytes of the desktop's name
	MaxCutText   = 256 << 10
	MaxClipboard = 1 << 20 // bytes of the extended clipboard, inflated
	MaxEncodings = 256     // entries of SetEncodings
	MaxScreens   = 16      // screens of a desktop
	MaxFence     = 64      // bytes of a fence's payload, as its description says
	MaxReason    = 1024    // bytes of a refusal's reason
	MaxCursor    = 512     // pixels of a cursor in one direction
	MaxColours   = 256     // entries of a colour map
	maxTypes     = 255     // security types, one byte counts them
)
