package eventhub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// connectError says that no broker answered, whatever was asked.
type connectError struct{ err error }

func (e *connectError) Error() string { return e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// answerOf returns the error code that a broker answered with, and nil when err
// came about without one.
func answerOf(err error) *kerr.Error {
	var answer *kerr.Error
	if errors.As(err, &answer) {
		return answer
	}
	return nil
}

// answered reports whether err is a broker's answer to what it was asked.
func answered(err error) bool { return answerOf(err) != nil && !refusesCredential(err) }

// refusesCredential reports whether err is about who we are.
func refusesCredential(err error) bool {
	for _, code := range []error{kerr.SaslAuthenticationFailed, kerr.IllegalSaslState, kerr.UnsupportedSaslMechanism} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// explainConnect says what to do about a failure to talk to the brokers.
func (d *Destination) explainConnect(err error) error {
	var closed *kgo.ErrFirstReadEOF
	sasl := d.cfg.ConnectionString != ""
	switch {
	case refusesCredential(err) && sasl:
		return fmt.Errorf("the broker refuses the credential: compare the connection string with the keys of its rule, one may have been rotated: %w", err)
	case refusesCredential(err):
		return fmt.Errorf("the broker wants a credential: set a connection string: %w", err)
	case errors.As(err, &closed) && sasl, sasl && errors.Is(err, io.EOF):
		return fmt.Errorf("the broker closed the connection: compare the connection string with the keys of its rule, and whether the broker has TLS: %w", err)
	case errors.As(err, &closed):
		return fmt.Errorf("the broker closed the connection: it may want TLS or a connection string, or have no TLS: %w", err)
	}
	return fmt.Errorf("talk to the brokers %s: %w", strings.Join(d.cfg.Brokers, ", "), err)
}

// explain says what to do about an answer of h's broker.
func explain(h *hub, err error) error {
	switch {
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return fmt.Errorf("the credential may not send to hub %q: give its rule the Send right, or use another key: %w", h.name, err)
	case errors.Is(err, kerr.InvalidTopicException):
		return fmt.Errorf("the broker does not take %q as the name of a hub: name another in the setting: %w", h.name, err)
	case errors.Is(err, kerr.InvalidRecord):
		return fmt.Errorf("hub %q does not take messages without a key, as a hub with compaction does: use one without: %w", h.name, err)
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID):
		return fmt.Errorf("hub %q is gone, it is looked for again at the next attempt: %w", h.name, err)
	}
	return fmt.Errorf("send to hub %q: %w", h.name, err)
}

// permanent reports whether err says that what was sent will never be taken.
func permanent(err error) bool { return errors.Is(err, kerr.InvalidTopicException) }

// tooLarge reports whether a broker refused something for its size.
func tooLarge(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge)
}

// late says why a call ended before all was acknowledged.
func (d *Destination) late(parent context.Context, missing, all int) error {
	if err := context.Cause(parent); err != nil {
		return fmt.Errorf("%d of %d messages were not acknowledged: %w", missing, all, err)
	}
	err := fmt.Errorf("%d of %d messages were not acknowledged within %s: see whether the brokers are well, or raise Timeout", missing, all, d.cfg.Timeout)
	if last := d.dials.last(); last != nil {
		err = fmt.Errorf("%w: the last connection failed: %w", err, last)
	}
	return err
}

// hide returns err, unless its text holds the credential: a broker may repeat
// what it was sent. Then the credential is replaced and nothing is wrapped.
func (d *Destination) hide(err error) error {
	if err == nil || d.cfg.ConnectionString == "" {
		return err
	}
	text := err.Error()
	hidden := strings.NewReplacer(d.cfg.conn.raw, "(hidden)", d.cfg.ConnectionString, "(hidden)", d.cfg.conn.Key, "(hidden)").Replace(text)
	if hidden == text {
		return err
	}
	return errors.New(hidden)
}
