package session

// scalar returns the end of an element of a reply that begins at b[i] and holds no
// others; 0 where it is not all in b, or is anything else.
func scalar(b []byte, i int) int {
	switch b[i] {
	case '+', ':', '-', '_', '#', ',', '(':
		for j := i + 1; j+1 < len(b); j++ {
			if b[j] == '\r' {
				if b[j+1] == '\n' {
					return j + 2
				}
				return 0
			}
		}
	case '$', '=', '!':
		if i+5 <= len(b) && b[i+1] == '-' {
			if string(b[i:i+5]) == "$-1\r\n" {
				return i + 5
			}
			return 0
		}
		l, j := length(b, i+1)
		if j == 0 || b[j-1] != '\n' || l+2 > len(b)-j || b[j+l] != '\r' || b[j+l+1] != '\n' {
			return 0
		}
		return j + l + 2
	}
	return 0
}

// scalarText is the start of what an element holds that scalar found.
func scalarText(b []byte) []byte {
	head := 1
	if b[0] == '$' || b[0] == '=' || b[0] == '!' {
		if b[1] == '-' {
			return nil
		}
		_, head = length(b, 1)
	}
	b = b[head : len(b)-2]
	return b[:min(len(b), maxText)]
}

func isError(typ byte) bool { return typ == '-' || typ == '!' }
