package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"reslog/client"
)

// archive is what the nodes archived.
type archive struct {
	nodes []*archiveOf
}

// archiveOf is what one node archived, as far as it was read.
type archiveOf struct {
	metrics string // the URL of its figures
	c       *azblob.Client
	read    map[string]int64 // bytes of each blob
	lives   map[int64]*life  // by connection
}

// life is what the archive says of a connection.
type life struct{ opened, closed, logins int }

// container is where Azure Monitor archives ConnectionEvents.
const container = "insights-logs-connectionevents"

// add adds the archive of the node whose blob service and admin address are there.
func (a *archive) add(url, admin string) error {
	connection := fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=archive;AccountKey=%s;BlobEndpoint=%s/archive;", client.DevKey, url)
	c, err := azblob.NewClientFromConnectionString(connection, nil)
	if err != nil {
		return err
	}
	a.nodes = append(a.nodes, &archiveOf{metrics: admin + "/metrics", c: c, read: map[string]int64{}, lives: map[int64]*life{}})
	return nil
}

// counts are what the records say of all connections, and what the server counted.
type counts struct {
	served                      int64 // connections, by the Redis server
	accepted                    int64 // by the nodes
	connections                 int   // that have a record
	opened, closed, logins, odd int   // records; connections without just one of the first two
}

// settleLimit bounds the wait for the last records.
const settleLimit = time.Minute

// count reads the records, until all that were opened are closed.
func (s *servers) count(ctx context.Context) (counts, error) {
	fmt.Fprintln(os.Stderr, "reading the records")
	deadline := time.Now().Add(settleLimit)
	for {
		if err := s.records.update(ctx); err != nil {
			return counts{}, fmt.Errorf("read the archive: %w", err)
		}
		c := s.records.counts()
		c.served = s.served
		var err error
		if c.accepted, err = s.records.accepted(ctx); err != nil {
			return counts{}, err
		}
		if c.complete() || time.Now().After(deadline) {
			return c, nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return counts{}, ctx.Err()
		}
	}
}

// complete reports whether each connection that a node accepted has one record of its
// beginning and one of its end, and the server took no others. It may have taken fewer:
// who leaves at once is gone before the server is connected to.
func (c *counts) complete() bool {
	return c.odd == 0 && int64(c.connections) == c.accepted && c.served <= c.accepted
}

// accepted is how many connections the nodes say that they accepted.
func (a *archive) accepted(ctx context.Context) (int64, error) {
	var all int64
	for _, n := range a.nodes {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.metrics, http.NoBody)
		if err != nil {
			return 0, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, fmt.Errorf("read the figures of a node: %w", err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return 0, fmt.Errorf("read the figures of a node: %w", err)
		}
		one, err := number(string(text), "\nreslog_redis_connections_total ")
		if err != nil {
			return 0, err
		}
		all += one
	}
	return all, nil
}

func (a *archive) counts() counts {
	var c counts
	for _, n := range a.nodes {
		for _, l := range n.lives {
			c.connections++
			c.opened += l.opened
			c.closed += l.closed
			c.logins += l.logins
			if l.opened != 1 || l.closed != 1 {
				c.odd++
			}
		}
	}
	return c
}

// update reads what was added since it was called last.
func (a *archive) update(ctx context.Context) error {
	for _, n := range a.nodes {
		for pages := n.c.NewListBlobsFlatPager(container, nil); pages.More(); {
			page, err := pages.NextPage(ctx)
			if bloberror.HasCode(err, bloberror.ContainerNotFound) {
				break
			}
			if err != nil {
				return err
			}
			for _, item := range page.Segment.BlobItems {
				if err := n.updateBlob(ctx, *item.Name, *item.Properties.ContentLength); err != nil {
					return fmt.Errorf("%s: %w", *item.Name, err)
				}
			}
		}
	}
	return nil
}

func (n *archiveOf) updateBlob(ctx context.Context, name string, size int64) error {
	from := n.read[name]
	if from >= size {
		return nil
	}
	r, err := n.c.DownloadStream(ctx, container, name, &azblob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: from, Count: size - from}})
	if err != nil {
		return err
	}
	defer r.Body.Close()
	in := bufio.NewReaderSize(r.Body, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // the rest of a line is read when it is whole
		}
		if err != nil {
			return err
		}
		n.read[name] += int64(len(line))
		if err := n.take(bytes.TrimSpace(line)); err != nil {
			return fmt.Errorf("%w: %.300q", err, line)
		}
	}
}

// take counts one record.
func (n *archiveOf) take(line []byte) error {
	var record struct {
		Category   string
		Properties struct {
			ID        int64
			EventType string
		}
	}
	if err := json.Unmarshal(line, &record); err != nil {
		return err
	}
	l := n.lives[record.Properties.ID]
	if l == nil {
		l = &life{}
		n.lives[record.Properties.ID] = l
	}
	switch record.Properties.EventType {
	case "new_conn":
		l.opened++
	case "close_conn":
		l.closed++
	case "auth":
		l.logins++
	default:
		return errors.New("a record of another kind")
	}
	return nil
}
