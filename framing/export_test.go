package framing

// SetInitial makes b start with a buffer of n bytes, and return to that size.
func (b *Buffer) SetInitial(n int) { b.mem.least = n }

// SetInitial makes w start with a buffer of n bytes.
func (w *Writer) SetInitial(n int) { w.mem.buf = make([]byte, 0, n) }

// SetInitial makes r start with a buffer of n bytes, and return to that size.
func (r *Reader) SetInitial(n int) { r.buf.SetInitial(n) }

// Held returns the number of bytes of memory that b holds.
func (b *Buffer) Held() int { return cap(b.mem.buf) }

// Held returns the number of bytes of memory that w holds.
func (w *Writer) Held() int { return cap(w.mem.buf) }

// Held returns the number of bytes of memory that r holds.
func (r *Reader) Held() int { return r.buf.Held() }

// HeldForWriting returns the number of bytes of memory that c holds for writing.
func (c *Conn) HeldForWriting() int { return c.w.Held() + cap(c.spare.buf) }

// Held returns the number of bytes of memory that c holds.
func (c *Conn) Held() int { return c.r.Held() + c.HeldForWriting() }
