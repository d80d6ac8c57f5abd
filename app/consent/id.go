package consent

// NewID returns a random UUID (RFC 9562, version 4) in lower case.
func NewID() string {
	var b [16]byte
	random(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80

	var id []byte
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			id = append(id, '-')
		}
		id = append(id, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(id)
}
