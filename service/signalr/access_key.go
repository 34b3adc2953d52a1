package signalr

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"reslog/service/signalr/rest"
	"reslog/service/signalr/transport"
)

// Application servers that come with a token of Microsoft Entra have no access key to
// sign the tokens of clients with: they ask for one. It follows from the primary key and
// the hour, so that every node knows it, nothing is kept, and all of them are void with
// the key that they follow from. Its ID, the kid of tokens, is the hour and a mark of
// the key.

// keyHours is how long such a key is good, after the hour that it was made in. Servers
// ask for a new one every ten minutes, and tokens are good for an hour.
const keyHours = 3

const accessKeyAction = permission + "auth/accessKey/action"

func hourly(key, purpose, hour string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("reslog signalr " + purpose + " " + hour))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func keyID(key, hour string) string { return hour + "." + hourly(key, "id", hour)[:16] }

// madeKey makes the key of now.
func (v *service) madeKey() (id, key string, err error) {
	keys := v.keys()
	if len(keys) == 0 || keys[0] == "" {
		return "", "", errors.New("the service has no access key")
	}
	hour := strconv.FormatInt(v.now().Unix()/3600, 10)
	return keyID(keys[0], hour), hourly(keys[0], "key", hour), nil
}

// keyByID is token.Config's KeyByID.
func (v *service) keyByID(id string) (string, bool) {
	hour, _, ok := strings.Cut(id, ".")
	n, err := strconv.ParseInt(hour, 10, 64)
	if age := v.now().Unix()/3600 - n; !ok || err != nil || age < 0 || age > keyHours {
		return "", false
	}
	for _, key := range v.keys() {
		if key != "" && hmac.Equal([]byte(keyID(key, hour)), []byte(id)) {
			return hourly(key, "key", hour), true
		}
	}
	return "", false
}

// serverKey is appserver.Config's AccessKey.
func (v *service) serverKey(ctx context.Context, raw, _ string) (id, key string, err error) {
	if v.server.c.Identity == nil || !isEntra(raw) {
		return "", "", errors.New("only a token of Microsoft Entra is exchanged for a key")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := v.server.c.Identity(ctx, raw, v.id, accessKeyAction); err != nil {
		return "", "", err
	}
	return v.madeKey()
}

// restKey is rest.Config's AccessKey. acceptREST has seen to the action.
func (v *service) restKey(r *http.Request) (key, id string, refusal *rest.Refusal) {
	if !isEntra(transport.BearerToken(r)) {
		return "", "", &rest.Refusal{Status: http.StatusForbidden}
	}
	id, key, err := v.madeKey()
	if err != nil {
		return "", "", &rest.Refusal{Status: http.StatusInternalServerError}
	}
	return key, id, nil
}
