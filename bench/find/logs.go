package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"reslog/storagelog"
)

// logSize is the size of a log, as the log writer of a node commits them.
const logSize = 150 << 20

// needleID is the request id of one record, in the middle of the logs.
const needleID = "5eed5eed-501e-0042-5eed-5eed5e000000"

// day is when all requests were made.
var day = time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)

// logFile is a log in a file.
type logFile struct {
	name     storagelog.LogName
	path     string
	size     int64
	records  int
	metadata storagelog.Metadata
}

// makeLogs writes logs of size bytes in all into a folder, named as in `$logs`.
// The hours of the day follow one another, one log each while logs suffice.
func makeLogs(folder string, size int64) ([]logFile, error) {
	rnd := rand.New(rand.NewPCG(2026, 3))
	var logs []logFile
	count := int((size + logSize - 1) / logSize)
	for i := range count {
		hour := day.Add(time.Duration(i) * time.Hour)
		l := logFile{name: storagelog.LogName{Service: storagelog.Blob, Hour: hour}}
		l.path = filepath.Join(folder, filepath.FromSlash(l.name.String()))
		if err := l.write(rnd, min(size, logSize), i == count/2); err != nil {
			return nil, err
		}
		size -= l.size
		logs = append(logs, l)
	}
	return logs, nil
}

func (l *logFile) write(rnd *rand.Rand, size int64, withNeedle bool) (err error) {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(l.path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	var buf []byte
	at := l.name.Hour
	for l.size+int64(len(buf)) < size {
		// An hour's records, evenly spread.
		at = l.name.Hour.Add(time.Duration(float64(time.Hour) * float64(l.size+int64(len(buf))) / float64(size)))
		e := entry(rnd, at)
		if withNeedle && l.size+int64(len(buf)) > size/2 {
			e.RequestID, withNeedle = needleID, false
		}
		buf = storagelog.AppendEntry(buf, &e)
		l.records++
		if len(buf) > 1<<20 {
			if _, err := f.Write(buf); err != nil {
				return err
			}
			l.size += int64(len(buf))
			buf = buf[:0]
		}
	}
	if _, err := f.Write(buf); err != nil {
		return err
	}
	l.size += int64(len(buf))
	l.metadata = storagelog.Metadata{Types: storagelog.LogAll, Start: l.name.Hour, End: at, Version: storagelog.V1}
	return nil
}

// entry makes a request as a client of today sends it.
func entry(rnd *rand.Rand, at time.Time) storagelog.Entry {
	key := fmt.Sprintf("/contoso/photos-%02d/2026/03/%08x/image-%05d.jpg", rnd.IntN(40), rnd.Uint32(), rnd.IntN(100000))
	e := storagelog.Entry{
		Version: storagelog.V1, StartTime: at, Operation: "GetBlob", Status: "Success", HTTPStatus: "200",
		EndToEndLatency: int64(rnd.ExpFloat64() * 40), AuthType: "authenticated",
		RequesterAccount: "contoso", OwnerAccount: "contoso", Service: "blob",
		URL:       "https://contoso.blob.core.windows.net:443" + strings.TrimPrefix(key, "/contoso") + "?timeout=901",
		ObjectKey: key, RequestID: fmt.Sprintf("%08x-%04x-00%02x-%04x-%06x000000", rnd.Uint32(), rnd.Uint32()&0xffff|1, rnd.IntN(256), rnd.Uint32()&0xffff, rnd.Uint32()&0xffffff),
		ClientIP: "10.1." + strconv.Itoa(rnd.IntN(256)) + "." + strconv.Itoa(rnd.IntN(256)) + ":" + strconv.Itoa(32768+rnd.IntN(28000)), RequestVersion: "2026-06-06",
		RequestHeaderSize: int64(400 + rnd.IntN(300)), ResponseHeaderSize: int64(300 + rnd.IntN(200)), ResponsePacketSize: int64(rnd.IntN(1 << 20)),
		ETag: fmt.Sprintf(`"0x8D%013X"`, rnd.Uint64()>>12), LastModified: at.Add(-time.Hour).Truncate(time.Second),
		UserAgent: "azsdk-net-Storage.Blobs/12.24.0 (.NET 9.0.1; Ubuntu 24.04)", ClientRequestID: fmt.Sprintf("%016x%016x", rnd.Uint64(), rnd.Uint64()),
	}
	e.ServerLatency = e.EndToEndLatency / 2
	switch n := rnd.IntN(1000); {
	case n == 0:
		e.Status, e.HTTPStatus, e.ETag, e.LastModified = "ThrottlingError", "503", "", time.Time{}
	case n < 500:
	case n < 850:
		e.Operation, e.HTTPStatus = "PutBlob", "201"
		e.RequestPacketSize, e.ResponsePacketSize = e.ResponsePacketSize, 0
		e.ContentLength, e.ServerMD5 = e.RequestPacketSize, "DrPO6z1f00SCsomhaf+J/A=="
	case n < 950:
		e.Operation = "GetBlobProperties"
	default:
		e.Operation, e.HTTPStatus, e.ETag, e.LastModified = "DeleteBlob", "202", "", time.Time{}
	}
	return e
}

func paths(logs []logFile) []string {
	ps := make([]string, len(logs))
	for i, l := range logs {
		ps[i] = l.path
	}
	return ps
}

// sum adds up the counts that grep prints, one a file.
func sum(out string) string {
	total := 0
	for line := range strings.Lines(out) {
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return out
		}
		total += n
	}
	return strconv.Itoa(total)
}
