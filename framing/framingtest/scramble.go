package framingtest

// scramble returns a copy of data with other bytes in place of the first n.
func scramble(data []byte, n int) []byte {
	b := append(make([]byte, 0, len(data)), data...)
	for i := range b[:n] {
		b[i] ^= byte(0x55 + 7*i)
	}
	return b
}
