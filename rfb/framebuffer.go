package rfb

// Framebuffer is a screen in the Native format: four bytes a pixel, blue,
// green, red and one unused.
type Framebuffer struct {
	Width, Height int
	Stride        int // bytes from one row to the next
	Pix           []byte
}

// NewFramebuffer makes a black one; it panics when CheckSize refuses the size.
func NewFramebuffer(width, height int) *Framebuffer {
	if err := CheckSize(width, height); err != nil {
		panic(err)
	}
	return &Framebuffer{Width: width, Height: height, Stride: width * 4, Pix: make([]byte, width*height*4)}
}

// At is the pixel as 0xRRGGBB.
func (p *Framebuffer) At(x, y int) uint32 {
	i := y*p.Stride + x*4
	return uint32(p.Pix[i]) | uint32(p.Pix[i+1])<<8 | uint32(p.Pix[i+2])<<16
}

// Set writes a pixel given as 0xRRGGBB.
func (p *Framebuffer) Set(x, y int, v uint32) {
	i := y*p.Stride + x*4
	p.Pix[i], p.Pix[i+1], p.Pix[i+2] = byte(v), byte(v>>8), byte(v>>16)
}

// Row is a part of one row.
func (p *Framebuffer) Row(x, y, width int) []byte {
	i := y*p.Stride + x*4
	return p.Pix[i : i+width*4 : i+width*4]
}

// Bounds is the whole picture.
func (p *Framebuffer) Bounds() Rect {
	return Rect{Width: uint16(p.Width), Height: uint16(p.Height)} //nolint:gosec // at most MaxSide
}

// Fill paints a rectangle in one colour.
func (p *Framebuffer) Fill(r Rect, v uint32) {
	for y := range int(r.Height) {
		row := p.Row(int(r.X), int(r.Y)+y, int(r.Width))
		for x := 0; x < len(row); x += 4 {
			row[x], row[x+1], row[x+2], row[x+3] = byte(v), byte(v>>8), byte(v>>16), 0
		}
	}
}

// Move copies a rectangle to another place of the picture; they may overlap.
func (p *Framebuffer) Move(from Rect, toX, toY uint16) {
	rows := int(from.Height)
	for i := range rows {
		y := i
		if toY > from.Y {
			y = rows - 1 - i
		}
		copy(p.Row(int(toX), int(toY)+y, int(from.Width)), p.Row(int(from.X), int(from.Y)+y, int(from.Width)))
	}
}
