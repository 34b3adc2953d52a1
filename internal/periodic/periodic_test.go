package periodic

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var calls []time.Duration
		err := Run(ctx, 0, slog.New(slog.NewTextHandler(&said, nil)), "sweeping", func(context.Context) error {
			calls = append(calls, time.Since(began))
			switch len(calls) {
			case 2:
				return errors.New("not today")
			case 3:
				cancel()
				return errors.New("cut short")
			}
			return nil
		})
		if err != nil || len(calls) != 3 || calls[0] != 0 || calls[1] != time.Hour || calls[2] != 2*time.Hour {
			t.Errorf("called after %v, returned %v", calls, err)
		}
		if got := said.String(); !strings.Contains(got, "sweeping failed, trying again later") || !strings.Contains(got, "not today") || strings.Contains(got, "cut short") {
			t.Errorf("said %q", got)
		}
	})
}
