package scalar

import "strings"

// hasIP4 makes a function that looks for addresses in a text: whole ones, with
// neither letter nor digit next to them, which is what same then compares.
func hasIP4(same func(found, want string) bool, rest func([]any) ([]string, bool)) func([]any) any {
	return func(a []any) any {
		text, _ := a[0].(string)
		wanted, ok := rest(a)
		if !ok {
			return nil
		}
		for found := range addresses(text) {
			for _, w := range wanted {
				if same(found, w) {
					return true
				}
			}
		}
		return false
	}
}

func sameIP4(found, want string) bool {
	x, ok := parse4(found)
	y, fine := parse4(want)
	return ok && fine && y.prefix == 32 && x == y
}

// beginsIP4 compares with a prefix in text, which ends with a dot unless it is a
// whole address.
func beginsIP4(found, want string) bool {
	if strings.HasSuffix(want, ".") {
		return strings.HasPrefix(found, want)
	}
	return sameIP4(found, want)
}

// addresses are the runs of digits and dots of a text that are an IPv4 address.
func addresses(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i < len(text); {
			if !dotOrDigit(text[i]) {
				i++
				continue
			}
			end := i
			for end < len(text) && dotOrDigit(text[end]) {
				end++
			}
			run := strings.Trim(text[i:end], ".")
			open := run != "" && text[i] != '.' && i > 0 && wordByte(text[i-1])
			shut := run != "" && text[end-1] != '.' && end < len(text) && wordByte(text[end])
			if _, ok := parse4(run); ok && !open && !shut && !yield(run) {
				return
			}
			i = end
		}
	}
}

func dotOrDigit(c byte) bool { return c == '.' || c-'0' <= 9 }

// wordByte reports whether a byte is of a letter; those beyond ASCII count.
func wordByte(c byte) bool { return c|0x20-'a' < 26 || c >= 0x80 }
