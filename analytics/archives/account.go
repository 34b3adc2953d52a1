package archives

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/internal/urlerr"
	"reslog/storagelog"
)

// Account is the logs in a storage account, or in one container of it.
type Account struct {
	service   *service.Client
	endpoint  string // without a signature
	container string // the only one to read; "" for all with logs
}

// AccountConfig says which account and how to get in.
type AccountConfig struct {
	// Endpoint is the URL of its blob service. Required.
	Endpoint string
	// Name and Key are its Shared Key, the key in base64.
	Name, Key string
	// SAS is a shared access signature, when there is no key. With neither only what
	// is public can be read.
	SAS string
	// Transport may be nil.
	Transport policy.Transporter
}

// OpenAccount returns the logs of an account.
func OpenAccount(c AccountConfig) (*Account, error) {
	a := &Account{endpoint: strings.TrimRight(c.Endpoint, "/")}
	options := &service.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: c.Transport,
		Retry:     policy.RetryOptions{MaxRetries: 4, RetryDelay: 200e6, MaxRetryDelay: 5e9},
		Telemetry: policy.TelemetryOptions{ApplicationID: "reslog"},
	}}
	var err error
	if c.Key == "" {
		full := a.endpoint + "/"
		if c.SAS != "" {
			full += "?" + strings.TrimPrefix(c.SAS, "?")
		}
		a.service, err = service.NewClientWithNoCredential(full, options)
	} else {
		var key *service.SharedKeyCredential
		if key, err = service.NewSharedKeyCredential(c.Name, c.Key); err != nil {
			return nil, errors.New("the account key is no base64")
		}
		a.service, err = service.NewClientWithSharedKeyCredential(a.endpoint+"/", key, options)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", a.endpoint, urlerr.Cause(err))
	}
	return a, nil
}

// OpenURL returns the logs that a URL names, of an account or of a container,
// with a shared access signature or, where they are public, without.
func OpenURL(rawURL string, transport policy.Transporter) (*Account, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("this is no URL of a storage account, want https://{account}.blob.core.windows.net/{container}?{sas}")
	}
	sas := u.RawQuery
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	account := ""
	if pathStyle(u.Hostname()) {
		account, path = "/"+path[0], path[1:]
	}
	only := strings.Join(path, "/")
	if strings.Contains(only, "/") {
		return nil, errors.New("the URL names more than a container: leave out what follows it, or download the blob and name the file")
	}
	a, err := OpenAccount(AccountConfig{Endpoint: u.Scheme + "://" + u.Host + account, SAS: sas, Transport: transport})
	if err != nil {
		return nil, err
	}
	a.container = only
	return a, nil
}

// pathStyle reports whether the account is a part of the path at a host, as
// emulators have it.
func pathStyle(host string) bool { return host == "localhost" || net.ParseIP(host) != nil }

// List implements Source: `$logs` first, then the containers of archives.
func (a *Account) List(ctx context.Context, s Selection, fn func(Blob) error) error {
	containers, err := a.containers(ctx)
	if err != nil {
		return err
	}
	var refused error // what fn said
	tell := func(b Blob) error {
		refused = fn(b)
		return refused
	}
	found := false
	for _, name := range containers {
		list := a.listArchives
		if name == storagelog.ContainerName {
			if len(s.Categories) > 0 {
				continue
			}
			list = a.listClassic
		}
		err := list(ctx, name, s, tell)
		if refused != nil {
			return refused
		}
		if bloberror.HasCode(err, bloberror.ContainerNotFound) && len(containers) > 1 {
			continue
		}
		if err != nil {
			return a.explain(err)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("%s has %w: no container $logs, or none that begins with %s", a.endpoint, ErrNoLogs, logsPrefix)
	}
	return nil
}

// containers returns the containers that may hold logs. `$logs` is in no listing.
func (a *Account) containers(ctx context.Context) ([]string, error) {
	if a.container != "" {
		return []string{a.container}, nil
	}
	names := []string{storagelog.ContainerName}
	pages := a.service.NewListContainersPager(&service.ListContainersOptions{Prefix: to.Ptr("insights-")})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.explain(err)
		}
		for _, item := range page.ContainerItems {
			if item != nil && item.Name != nil && isArchive(*item.Name) {
				names = append(names, *item.Name)
			}
		}
	}
	return names, nil
}

// listClassic lists `$logs` by the hours that are wanted.
func (a *Account) listClassic(ctx context.Context, name string, s Selection, fn func(Blob) error) error {
	for _, svc := range [...]storagelog.Service{storagelog.Blob, storagelog.Queue, storagelog.Table} {
		if len(s.Services) > 0 && !slices.ContainsFunc(s.Services, Origin{Service: svc}.is) {
			continue
		}
		// Blobs are selected by their folders, so requests need no time to end in.
		err := storagelog.List(ctx, storagelog.ListConfig{Lister: lister{a, name, fn, s}, Service: svc, Start: s.Since, End: s.Until, Longest: 1}, func(storagelog.Log) error { return nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// lister hands the blobs on that a listing of classic logs passes.
type lister struct {
	a    *Account
	name string
	fn   func(Blob) error
	s    Selection
}

// ListBlobs implements storagelog.Lister.
func (l lister) ListBlobs(ctx context.Context, prefix string, fn func(storagelog.Listed) error) error {
	return l.a.list(ctx, l.name, prefix, func(b Blob) error {
		// The listing ends itself once it is past the range.
		if err := fn(storagelog.Listed{Name: b.name, Size: b.Size}); err != nil {
			return err
		}
		if b.Origin.Service == "" || !l.s.selects(b.Origin) {
			return nil
		}
		return l.fn(b)
	})
}

func (a *Account) listArchives(ctx context.Context, name string, s Selection, fn func(Blob) error) error {
	return a.list(ctx, name, "", func(b Blob) error {
		if !s.selects(b.Origin) {
			return nil
		}
		return fn(b)
	})
}

// list calls fn for every blob of a container that is not empty.
func (a *Account) list(ctx context.Context, name, prefix string, fn func(Blob) error) error {
	pages := a.service.NewContainerClient(name).NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr(prefix)})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.Segment.BlobItems {
			if item == nil || item.Name == nil || item.Properties == nil || item.Properties.ContentLength == nil || *item.Properties.ContentLength == 0 {
				continue
			}
			path := name + "/" + *item.Name
			b := Blob{
				Location: a.endpoint + "/" + path, Key: "blob " + a.endpoint + "/" + path, Size: *item.Properties.ContentLength,
				Origin: parseOrigin(path), container: name, name: *item.Name,
			}
			if made := item.Properties.CreationTime; made != nil {
				b.Key += " " + strconv.FormatInt(made.Unix(), 10)
			}
			if err := fn(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Open implements Source.
func (a *Account) Open(ctx context.Context, b Blob, offset int64) (io.ReadCloser, error) {
	res, err := a.service.NewContainerClient(b.container).NewBlobClient(b.name).DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: offset}})
	if bloberror.HasCode(err, bloberror.InvalidRange) {
		return http.NoBody, nil // nothing is behind the offset
	}
	if err != nil {
		return nil, a.explain(err)
	}
	return res.NewRetryReader(ctx, &blob.RetryReaderOptions{MaxRetries: 5}), nil
}

// explain makes an error of the account one line that says what to do, without
// the URL, whose query may be a signature.
func (a *Account) explain(err error) error {
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		err = urlerr.Cause(err)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("nobody listens at %s: %w; is the account elsewhere?", a.endpoint, err)
		}
		return fmt.Errorf("%s: %w", a.endpoint, err)
	}
	said := fmt.Sprintf("%s answers %d %s", a.endpoint, refused.StatusCode, refused.ErrorCode)
	switch {
	case bloberror.HasCode(err, bloberror.BlobNotFound):
		return fmt.Errorf("%s: %w", said, ErrGone)
	case bloberror.HasCode(err, bloberror.ContainerNotFound):
		return fmt.Errorf("%s: there is no container of that name", said)
	case bloberror.HasCode(err, bloberror.AuthenticationFailed):
		return fmt.Errorf("%s: check the account's name and key, or that the signature is whole and has not expired", said)
	case refused.StatusCode == http.StatusForbidden, refused.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s: what you have does not allow it; reading logs needs permissions r and l, and for a whole account the resource types s, c and o", said)
	case bloberror.HasCode(err, bloberror.ResourceNotFound):
		return fmt.Errorf("%s: logs are not public; give a key or a shared access signature", said)
	}
	return errors.New(said)
}
