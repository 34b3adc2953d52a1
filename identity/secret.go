package identity

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// secretPrefix lets people and secret scanners recognise a drawn secret, and
	// keeps it from beginning like a command line option.
	secretPrefix = "reslog_"
	secretSize   = 32 // random bytes

	minSecret = 8   // bytes of a chosen secret
	maxSecret = 512 // bytes

	// chosenRounds is the work for one guess of a chosen secret, as OWASP's
	// Password Storage Cheat Sheet has it for PBKDF2-HMAC-SHA256.
	chosenRounds = 600_000
)

// secret is what is kept of a client secret.
//
// A drawn secret has 256 random bits: no number of guesses finds it, and one
// salted hash hides it. A chosen one may be guessed, so each guess must cost.
type secret struct {
	Salt    []byte    `json:"salt"`
	Hash    []byte    `json:"hash"`
	Rounds  int       `json:"rounds,omitempty"` // of PBKDF2; 0 is a drawn secret
	Created time.Time `json:"created"`
}

// newSecret returns the text of a secret and what is kept of it. An empty chosen
// draws one.
func newSecret(chosen string, rounds int, now time.Time) (string, secret, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	s := secret{Salt: salt, Created: now}
	text := chosen
	if chosen == "" {
		random := make([]byte, secretSize)
		rand.Read(random)
		text = secretPrefix + base64.RawURLEncoding.EncodeToString(random)
	} else {
		if err := checkSecret(chosen); err != nil {
			return "", secret{}, err
		}
		s.Rounds = rounds
	}
	var err error
	s.Hash, err = s.hash(text)
	return text, s, err
}

func checkSecret(text string) error {
	if len(text) < minSecret || len(text) > maxSecret {
		return fmt.Errorf("%w: a secret has %d to %d bytes", ErrInvalid, minSecret, maxSecret)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("%w: a secret has printable characters only", ErrInvalid)
	}
	return nil
}

func (s secret) hash(text string) ([]byte, error) {
	if s.Rounds == 0 {
		sum := sha256.Sum256(append(s.Salt[:len(s.Salt):len(s.Salt)], text...))
		return sum[:], nil
	}
	return pbkdf2.Key(sha256.New, text, s.Salt, s.Rounds, sha256.Size)
}

// matches takes the same time whatever is wrong with text.
func (s secret) matches(text string) bool {
	sum, err := s.hash(text)
	return err == nil && subtle.ConstantTimeCompare(sum, s.Hash) == 1
}
