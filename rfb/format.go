package rfb

import "encoding/binary"

// PixelFormat says how a pixel lies in bytes (RFC 6143, §7.4).
type PixelFormat struct {
	BitsPerPixel uint8 // 8, 16 or 32
	Depth        uint8
	BigEndian    bool
	TrueColour   bool
	RedMax       uint16
	GreenMax     uint16
	BlueMax      uint16
	RedShift     uint8
	GreenShift   uint8
	BlueShift    uint8
}

// Native is the format of a Framebuffer: 32 bits, little-endian, blue first.
var Native = PixelFormat{
	BitsPerPixel: 32, Depth: 24, TrueColour: true,
	RedMax: 255, GreenMax: 255, BlueMax: 255, RedShift: 16, GreenShift: 8, BlueShift: 0,
}

const formatSize = 16

// Validate reports why the format cannot be spoken. Colour maps are refused: no
// screen of this century has one.
func (f PixelFormat) Validate() error {
	switch {
	case f.BitsPerPixel != 8 && f.BitsPerPixel != 16 && f.BitsPerPixel != 32:
		return broken("PixelFormat", "%d bits per pixel", f.BitsPerPixel)
	case !f.TrueColour:
		return broken("PixelFormat", "a colour map is not supported")
	case f.Depth == 0 || f.Depth > f.BitsPerPixel:
		return broken("PixelFormat", "depth %d in %d bits", f.Depth, f.BitsPerPixel)
	}
	for _, c := range [...]struct {
		max   uint16
		shift uint8
	}{{f.RedMax, f.RedShift}, {f.GreenMax, f.GreenShift}, {f.BlueMax, f.BlueShift}} {
		if c.max == 0 || c.max&(c.max+1) != 0 {
			return broken("PixelFormat", "a maximum of %d is not 2^n - 1", c.max)
		}
		if c.shift >= f.BitsPerPixel || uint64(c.max)<<c.shift >= 1<<f.BitsPerPixel {
			return broken("PixelFormat", "a colour reaches beyond %d bits", f.BitsPerPixel)
		}
	}
	return nil
}

// Bytes is how many bytes a pixel takes.
func (f PixelFormat) Bytes() int { return int(f.BitsPerPixel) / 8 }

// compact reports whether ZRLE and Tight leave out one of four bytes, and which:
// 0 the least significant three are sent, 1 the most significant three
// (RFC 6143, §7.7.5, CPIXEL).
func (f PixelFormat) compact() (ok, high bool) {
	if f.BitsPerPixel != 32 || f.Depth > 24 || !f.TrueColour {
		return false, false
	}
	all := uint32(f.RedMax)<<f.RedShift | uint32(f.GreenMax)<<f.GreenShift | uint32(f.BlueMax)<<f.BlueShift
	switch {
	case all&0xFF000000 == 0:
		return true, false
	case all&0x000000FF == 0:
		return true, true
	}
	return false, false
}

// whole reports whether each colour has eight bits: what Tight sends as three
// bytes and JPEG knows.
func (f PixelFormat) whole() bool {
	return f.BitsPerPixel == 32 && f.Depth == 24 && f.RedMax == 255 && f.GreenMax == 255 && f.BlueMax == 255
}

// appendFormat writes the 16 bytes of the wire.
func (f PixelFormat) append(b []byte) []byte {
	b = append(b, f.BitsPerPixel, f.Depth, flag(f.BigEndian), flag(f.TrueColour))
	b = be.AppendUint16(b, f.RedMax)
	b = be.AppendUint16(b, f.GreenMax)
	b = be.AppendUint16(b, f.BlueMax)
	return append(b, f.RedShift, f.GreenShift, f.BlueShift, 0, 0, 0)
}

func (r *reader) format() PixelFormat {
	f := PixelFormat{BitsPerPixel: r.u8(), Depth: r.u8(), BigEndian: r.u8() != 0, TrueColour: r.u8() != 0}
	f.RedMax, f.GreenMax, f.BlueMax = r.u16(), r.u16(), r.u16()
	f.RedShift, f.GreenShift, f.BlueShift = r.u8(), r.u8(), r.u8()
	r.skip(3)
	return f
}

// put writes a pixel's value in the format's order of bytes.
func (f PixelFormat) put(b []byte, v uint32) []byte {
	switch f.BitsPerPixel {
	case 8:
		return append(b, byte(v))
	case 16:
		if f.BigEndian {
			return be.AppendUint16(b, uint16(v)) //nolint:gosec // 16 bits are what the format has
		}
		return binary.LittleEndian.AppendUint16(b, uint16(v)) //nolint:gosec // see above
	}
	if f.BigEndian {
		return be.AppendUint32(b, v)
	}
	return binary.LittleEndian.AppendUint32(b, v)
}

// putCompact writes a CPIXEL.
func (f PixelFormat) putCompact(b []byte, v uint32) []byte {
	ok, high := f.compact()
	if !ok {
		return f.put(b, v)
	}
	if high {
		v >>= 8
	}
	if f.BigEndian {
		return append(b, byte(v>>16), byte(v>>8), byte(v))
	}
	return append(b, byte(v), byte(v>>8), byte(v>>16))
}

// get reads a pixel's value.
func (f PixelFormat) get(b []byte) uint32 {
	switch f.BitsPerPixel {
	case 8:
		return uint32(b[0])
	case 16:
		if f.BigEndian {
			return uint32(be.Uint16(b))
		}
		return uint32(binary.LittleEndian.Uint16(b))
	}
	if f.BigEndian {
		return be.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// getCompact reads a CPIXEL of three bytes.
func (f PixelFormat) getCompact(b []byte, high bool) uint32 {
	v := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	if f.BigEndian {
		v = uint32(b[2]) | uint32(b[1])<<8 | uint32(b[0])<<16
	}
	if high {
		v <<= 8
	}
	return v
}

// fromNative converts 0xRRGGBB.
func (f PixelFormat) fromNative(v uint32) uint32 {
	if f == Native {
		return v & 0xFFFFFF
	}
	scale := func(c, top uint32) uint32 { return (c*top + 127) / 255 }
	return scale(v>>16&0xFF, uint32(f.RedMax))<<f.RedShift | scale(v>>8&0xFF, uint32(f.GreenMax))<<f.GreenShift |
		scale(v&0xFF, uint32(f.BlueMax))<<f.BlueShift
}

// toNative converts to 0xRRGGBB.
func (f PixelFormat) toNative(v uint32) uint32 {
	if f == Native {
		return v & 0xFFFFFF
	}
	scale := func(shift uint8, top uint16) uint32 {
		return ((v>>shift)&uint32(top)*255 + uint32(top)/2) / uint32(top)
	}
	return scale(f.RedShift, f.RedMax)<<16 | scale(f.GreenShift, f.GreenMax)<<8 | scale(f.BlueShift, f.BlueMax)
}
