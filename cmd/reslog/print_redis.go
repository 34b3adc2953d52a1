package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"reslog/client"
	"reslog/service/redis/event"
)

// connectionFields are what a table line shows of a connection event.
type connectionFields struct {
	Time       time.Time `json:"time"`
	Properties struct {
		ID          int64         `json:"id"`
		ClientIP    string        `json:"clientIP"`
		EventType   string        `json:"eventType"`
		EventStatus *event.Status `json:"eventStatus"`
		// Those of --redis-details.
		Username   string `json:"username"`
		ClientPort int    `json:"clientPort"`
		CommonName string `json:"commonName"`
		Reason     string `json:"reason"`
	} `json:"properties"`
}

// printConnection prints a record of Redis.
func (p *recordPrinter) printConnection(r client.TailRecord) error {
	var f connectionFields
	if err := json.Unmarshal(r.Record, &f); err != nil {
		return fmt.Errorf("read record %s: %w", r.ID, err)
	}
	e := &f.Properties
	from := e.ClientIP
	if e.ClientPort != 0 {
		from += ":" + strconv.Itoa(e.ClientPort)
	}
	status := fmt.Sprintf("%-26s", "")
	if e.EventStatus != nil {
		status = p.paint(statusColor(*e.EventStatus), fmt.Sprintf("%2d %-23s", *e.EventStatus, statusText(*e.EventStatus)))
	}
	detail := ""
	if e.Username != "" {
		detail += "  " + plain(e.Username)
	}
	if e.CommonName != "" {
		detail += "  CN=" + plain(e.CommonName)
	}
	if e.Reason != "" {
		detail += "  " + plain(e.Reason)
	}
	_, err := fmt.Fprintf(p.out, "%s  %-16s  %-10s %s connection %d from %s%s\n",
		f.Time.Local().Format("15:04:05.000"), r.Category, plain(e.EventType), status, e.ID, plain(from), detail)
	return err
}

// statusColor is the HTTP status that has the colour of an outcome.
func statusColor(s event.Status) string {
	switch {
	case s.Succeeded():
		return "200"
	case s.Pending():
		return "300"
	}
	return "400"
}

// statusTexts are the outcomes in the words of Redis Software, without what all have
// in common.
var statusTexts = [...]string{
	event.Failed:           "failed",
	event.FailedTooLong:    "failed: too long",
	event.NotRequired:      "not required",
	event.DirectoryPending: "directory pending",
	event.DirectoryError:   "directory error",
	event.SyncerInProgress: "syncer in progress",
	event.SyncerFailed:     "syncer failed",
	event.SyncerOK:         "syncer ok",
	event.OK:               "ok",
	event.EntraError:       "Entra ID error",
	event.CertPending:      "certificate pending",
}

func statusText(s event.Status) string {
	if s < 0 || int(s) >= len(statusTexts) {
		return "unknown"
	}
	return statusTexts[s]
}
