package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// KeyValue is a bucket of small values, each on disk when Put returns. Keys are
// any text up to 1 KiB. It may be used from many goroutines. A call that is not
// answered within ten seconds fails: the server says nothing to what it could not write.
type KeyValue struct {
	name string
	kv   jetstream.KeyValue
}

// maxKey bounds a key, in bytes.
const maxKey = 1024

// KeyValue opens a bucket, which is made if it is not there. Names are letters,
// digits, '-' and '_'.
func (b *Bus) KeyValue(ctx context.Context, bucket string) (*KeyValue, error) {
	return b.bucket(ctx, jetstream.KeyValueConfig{Bucket: bucket})
}

// BoundedKeyValue is KeyValue for a bucket of at most maxBytes; a Put beyond it
// fails with an error that wraps ErrBucketFull.
func (b *Bus) BoundedKeyValue(ctx context.Context, bucket string, maxBytes int64) (*KeyValue, error) {
	return b.bucket(ctx, jetstream.KeyValueConfig{Bucket: bucket, MaxBytes: maxBytes})
}

func (b *Bus) bucket(ctx context.Context, cfg jetstream.KeyValueConfig) (*KeyValue, error) {
	if b.ctx.Err() != nil {
		return nil, ErrClosed
	}
	b.host.making.RLock()
	defer b.host.making.RUnlock()
	return openKeyValue(ctx, b.host.js, cfg)
}

func openKeyValue(ctx context.Context, js jetstream.JetStream, cfg jetstream.KeyValueConfig) (*KeyValue, error) {
	cfg.Storage, cfg.History, cfg.Replicas = jetstream.FileStorage, 1, 1
	kv, err := js.KeyValue(ctx, cfg.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateKeyValue(ctx, cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", cfg.Bucket, err)
	}
	return &KeyValue{name: cfg.Bucket, kv: kv}, nil
}

// Get returns the value of key, or an error that wraps ErrNotFound.
func (k *KeyValue) Get(ctx context.Context, key string) ([]byte, error) {
	enc, err := encodeKey(key)
	if err != nil {
		return nil, k.fail("get", key, err)
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	e, err := k.kv.Get(ctx, enc)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, k.fail("get", key, err)
	}
	return e.Value(), nil
}

// Put stores value under key.
func (k *KeyValue) Put(ctx context.Context, key string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	enc, err := encodeKey(key)
	if err == nil {
		_, err = k.kv.Put(ctx, enc, value)
	}
	if isFull(err) {
		err = fmt.Errorf("%w: %w", ErrBucketFull, err)
	}
	if err != nil {
		return k.fail("put", key, err)
	}
	return nil
}

// Delete removes key; one that is not there is no error.
func (k *KeyValue) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	enc, err := encodeKey(key)
	if err == nil {
		err = k.kv.Purge(ctx, enc)
	}
	if err != nil {
		return k.fail("delete", key, err)
	}
	return nil
}

// List returns all keys with their values.
func (k *KeyValue) List(ctx context.Context) (map[string][]byte, error) {
	values := make(map[string][]byte)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := k.each(ctx, func(key string, value []byte, deleted bool) { values[key] = value }, true, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("list bucket %s: %w", k.name, err)
	}
	return values, nil
}

// Keys returns all keys, in no order.
func (k *KeyValue) Keys(ctx context.Context) ([]string, error) {
	var keys []string
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := k.each(ctx, func(key string, _ []byte, _ bool) { keys = append(keys, key) }, true,
		jetstream.IgnoreDeletes(), jetstream.MetaOnly())
	if err != nil {
		return nil, fmt.Errorf("list keys of bucket %s: %w", k.name, err)
	}
	return keys, nil
}

// Watch calls fn, from one goroutine, with every key there is and then with
// every change, until ctx ends; it returns ctx's error then.
func (k *KeyValue) Watch(ctx context.Context, fn func(key string, value []byte, deleted bool)) error {
	if err := k.each(ctx, fn, false); err != nil {
		return fmt.Errorf("watch bucket %s: %w", k.name, err)
	}
	return nil
}

// each calls fn with the present content and, unless once is set, with changes.
func (k *KeyValue) each(ctx context.Context, fn func(string, []byte, bool), once bool, opts ...jetstream.WatchOpt) error {
	w, err := k.kv.WatchAll(ctx, opts...)
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.Updates():
			if !ok {
				return errors.New("the watch ended")
			}
			if e == nil { // the present content is complete
				if once {
					return nil
				}
				continue
			}
			key, err := decodeKey(e.Key())
			if err != nil {
				return err
			}
			fn(key, e.Value(), e.Operation() != jetstream.KeyValuePut)
		}
	}
}

// isFull reports whether the bucket's own limit refused a value. The server
// gives it no code of its own.
func isFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && strings.Contains(api.Description, "maximum bytes exceeded")
}

func (k *KeyValue) fail(op, key string, err error) error {
	return fmt.Errorf("%s %q in bucket %s: %w", op, key, k.name, err)
}

const hexDigits = "0123456789ABCDEF"

// encodeKey makes any text a token of a subject: letters, digits, '-' and '_'
// stay, every other byte becomes '=' and two hexadecimal digits.
func encodeKey(key string) (string, error) {
	if key == "" || len(key) > maxKey {
		return "", fmt.Errorf("a key of %d bytes, want 1 to %d", len(key), maxKey)
	}
	var b strings.Builder
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			b.WriteByte('=')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String(), nil
}

func decodeKey(enc string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(enc); i++ {
		if enc[i] != '=' {
			b.WriteByte(enc[i])
			continue
		}
		if i+2 >= len(enc) {
			return "", fmt.Errorf("damaged key %q", enc)
		}
		hi, lo := strings.IndexByte(hexDigits, enc[i+1]), strings.IndexByte(hexDigits, enc[i+2])
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf("damaged key %q", enc)
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), nil
}
