package framingtest

// scramble returns a copy of data with the first n bytes made unrecognizable.
func scramble(data []byte, n int) []byte {
	b := append(make([]byte, 0, len(data)), data...)
	for i := range b[:n] {
		b[i] ^= byte(0x55 + 7*i)
	}
	return b
}
