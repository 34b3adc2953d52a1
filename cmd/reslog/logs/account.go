package logs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/client"
	"reslog/internal/urlerr"
	"reslog/storagelog"
)

// Account is the `$logs` container of a storage account.
type Account struct {
	container *container.Client
	location  string // URL of the container without a signature
}

// OpenAccount returns the logs of the account that a, parsed from a connection
// string, names. transport may be nil.
func OpenAccount(a *client.Account, transport policy.Transporter) (*Account, error) {
	endpoint, ok := a.Endpoints[client.Blob]
	if !ok {
		return nil, errors.New("the connection string has no blob endpoint, and logs are blobs: add BlobEndpoint or AccountName")
	}
	location := strings.TrimRight(endpoint, "/") + "/" + storagelog.ContainerName
	if len(a.Key) == 0 {
		return openURL(location, a.SAS, transport)
	}
	key, err := container.NewSharedKeyCredential(a.Name, base64.StdEncoding.EncodeToString(a.Key))
	if err != nil {
		return nil, errors.New("the account key is no base64")
	}
	c, err := container.NewClientWithSharedKeyCredential(location, key, options(transport))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", location, urlerr.Cause(err))
	}
	return &Account{container: c, location: location}, nil
}

// OpenURL returns the logs that a URL names: of an account or of its `$logs`
// container, with a shared access signature or, where they are public, without.
func OpenURL(rawURL string, transport policy.Transporter) (*Account, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("this is no URL of a storage account, want https://{account}.blob.core.windows.net/?{sas}")
	}
	sas := u.RawQuery
	u.RawQuery, u.Fragment = "", ""
	location := strings.TrimRight(u.String(), "/")
	for _, name := range []string{"/" + storagelog.ContainerName, "/%24logs"} {
		location = strings.TrimSuffix(location, name)
	}
	return openURL(location+"/"+storagelog.ContainerName, sas, transport)
}

func openURL(location, sas string, transport policy.Transporter) (*Account, error) {
	full := location
	if sas != "" {
		full += "?" + sas
	}
	c, err := container.NewClientWithNoCredential(full, options(transport))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", location, urlerr.Cause(err))
	}
	return &Account{container: c, location: location}, nil
}

func options(transport policy.Transporter) *container.ClientOptions {
	if transport == nil {
		// More connections are kept than the default transport would.
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = maxParallel
		t.DisableCompression = true
		t.ReadBufferSize = 256 << 10
		transport = &http.Client{Transport: t}
	}
	return &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: transport,
		Retry:     policy.RetryOptions{MaxRetries: 4, RetryDelay: 200e6, MaxRetryDelay: 5e9, ShouldRetry: worthARetry},
	}}
}

// worthARetry is what the SDK does, but for a port on which nobody listens:
// waiting does not start a server.
func worthARetry(res *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, syscall.ECONNREFUSED)
	}
	switch res.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Select implements Source.
func (a *Account) Select(ctx context.Context, s Selection, fn func(Log) error) error {
	toLog := func(l storagelog.Log) Log {
		return Log{Location: a.location + "/" + l.BlobName, Name: l.BlobName, Hour: l.Hour, Size: l.Size, Metadata: l.Metadata}
	}
	c := storagelog.ListConfig{Lister: a, Service: s.Service, Start: s.Start, End: s.End, Types: s.Types, Prefix: s.Prefix}
	if s.Observe != nil {
		c.Observe = func(l storagelog.Log, selected bool) { s.Observe(toLog(l), selected) }
	}
	return storagelog.List(ctx, c, func(l storagelog.Log) error { return fn(toLog(l)) })
}

// ListBlobs implements storagelog.Lister.
func (a *Account) ListBlobs(ctx context.Context, prefix string, fn func(storagelog.Listed) error) error {
	pages := a.container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{
		Prefix: to.Ptr(prefix), Include: container.ListBlobsInclude{Metadata: true},
	})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return a.explain(err)
		}
		for _, b := range page.Segment.BlobItems {
			if b == nil || b.Name == nil {
				continue
			}
			listed := storagelog.Listed{Name: *b.Name, Metadata: make(map[string]string, len(b.Metadata))}
			if b.Properties != nil && b.Properties.ContentLength != nil {
				listed.Size = *b.Properties.ContentLength
			}
			for name, value := range b.Metadata {
				if value != nil {
					listed.Metadata[name] = *value
				}
			}
			if err := fn(listed); err != nil {
				return err
			}
		}
	}
	return nil
}

// Open implements Source.
func (a *Account) Open(ctx context.Context, l Log) (io.ReadCloser, error) {
	res, err := a.container.NewBlobClient(l.Name).DownloadStream(ctx, nil)
	if err != nil {
		return nil, a.explain(err)
	}
	return res.NewRetryReader(ctx, &blob.RetryReaderOptions{MaxRetries: 5}), nil
}

// ErrGone is wrapped by the errors of logs that were deleted after they were
// listed, as a retention policy does.
var ErrGone = errors.New("the log is no longer there")

// explain makes an error of the account one line that says what to do, without
// the URL, whose query may be a signature.
func (a *Account) explain(err error) error {
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		said := fmt.Sprintf("%s answers %d %s", a.location, refused.StatusCode, refused.ErrorCode)
		switch {
		case bloberror.HasCode(err, bloberror.ContainerNotFound):
			return fmt.Errorf("%s: the account has no logs; switch logging on with \"reslog storage logging set --log rwd\"", said)
		case bloberror.HasCode(err, bloberror.BlobNotFound):
			return fmt.Errorf("%s: %w", said, ErrGone)
		case bloberror.HasCode(err, bloberror.AuthenticationFailed):
			return fmt.Errorf("%s: check the account's name and key, or that the signature is whole and has not expired", said)
		case refused.StatusCode == http.StatusForbidden || refused.StatusCode == http.StatusUnauthorized:
			return fmt.Errorf("%s: what you have does not allow it; reading logs needs permissions r and l", said)
		case bloberror.HasCode(err, bloberror.ResourceNotFound):
			return fmt.Errorf("%s: logs are not public; give a key or a shared access signature", said)
		}
		return errors.New(said)
	}
	err = urlerr.Cause(err)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nobody listens at %s: %w; start a node with \"reslog serve\", or name another account with --connection-string or --url", a.location, err)
	}
	return fmt.Errorf("%s: %w", a.location, err)
}
