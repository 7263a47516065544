package framing

// SetInitial makes b start with a buffer of n bytes, and go back to that.
func (b *Buffer) SetInitial(n int) { b.initial = n }

// SetInitial makes w start with a buffer of n bytes.
func (w *Writer) SetInitial(n int) { w.buf = make([]byte, 0, n) }

// SetInitial does so for the Buffer of r.
func (r *Reader) SetInitial(n int) { r.buf.initial = n }

// Held returns how many bytes of memory r holds.
func (r *Reader) Held() int { return cap(r.buf.buf) }

// Held returns how many bytes of memory c holds for writing.
func (c *Conn) Held() int { return cap(c.next) + cap(c.spare) }

// Cap returns how many bytes of memory b holds.
func (b *Buffer) Cap() int { return cap(b.buf) }

// Cap returns how many bytes of memory w holds.
func (w *Writer) Cap() int { return cap(w.buf) }
