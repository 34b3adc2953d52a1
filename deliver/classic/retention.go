package classic

import (
	"context"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/storagelog"
)

// Policy is the retention policy of the logs of one service of one account.
type Policy struct {
	// Account names the account in messages.
	Account string
	Service storagelog.Service
	// Container is the client of the account's `$logs`.
	Container *container.Client
	// Days is how long logs are kept, 1 to 365. Anything else keeps them for ever.
	Days int
}

// Retention deletes logs that are older than their policy says. It works on
// what is there, whether logging is on or not.
type Retention struct {
	// Policies returns the policies of now. Required.
	Policies func(context.Context) ([]Policy, error)
	// Interval is the time between sweeps. Zero means 1 hour.
	Interval time.Duration
	// Logger is told of deletions and failures. Nil discards.
	Logger *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Run sweeps at once and then every Interval, until ctx is done.
func (r *Retention) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
