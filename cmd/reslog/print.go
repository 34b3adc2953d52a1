package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"reslog/client"
)

// recordPrinter prints live records as the lines of a table.
type recordPrinter struct {
	out   io.Writer
	color bool
	json  bool
}

func newRecordPrinter(out io.Writer, color bool) *recordPrinter {
	return &recordPrinter{out: out, color: color}
}

// recordFields are what a table line shows of a record.
type recordFields struct {
	Time          time.Time       `json:"time"`
	OperationName string          `json:"operationName"`
	StatusCode    json.RawMessage `json:"statusCode"`
	StatusText    string          `json:"statusText"`
	DurationMs    int64           `json:"durationMs"`
	Identity      struct {
		Type string `json:"type"`
	} `json:"identity"`
	Properties struct {
		ObjectKey string `json:"objectKey"`
	} `json:"properties"`
}

func (p *recordPrinter) print(r client.TailRecord) error {
	if r.Missed > 0 {
		_, err := fmt.Fprintf(p.out, "… %d records were left out\n", r.Missed)
		return err
	}
	if p.json {
		_, err := fmt.Fprintf(p.out, "%s\n", r.Record)
		return err
	}
	switch r.Category {
	case "ConnectionEvents":
		return p.printConnection(r)
	case string(signalRCategory):
		return p.printSignalR(r)
	}
	var f recordFields
	if err := json.Unmarshal(r.Record, &f); err != nil {
		return fmt.Errorf("read record %s: %w", r.ID, err)
	}
	identity := f.Identity.Type
	if identity == "" {
		identity = "Anonymous"
	}
	code := strings.Trim(string(f.StatusCode), `"`)
	_, err := fmt.Fprintf(p.out, "%s  %-13s  %s  %-24s  %5d ms  %-10s  %s\n",
		f.Time.Local().Format("15:04:05.000"), r.Category, p.paint(code, fmt.Sprintf("%-3s %-31s", code, plain(f.StatusText))),
		plain(f.OperationName), f.DurationMs, identity, plain(f.Properties.ObjectKey))
	return err
}

// paint colours by the class of the status: green, cyan, yellow, red.
func (p *recordPrinter) paint(code, text string) string {
	if !p.color {
		return text
	}
	n, err := strconv.Atoi(code)
	color := 31
	switch {
	case err != nil || n >= 500:
	case n >= 400:
		color = 33
	case n >= 300:
		color = 36
	default:
		color = 32
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, text)
}

// plain keeps what a client chose from steering the terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r <= 0x9f {
			return '\uFFFD'
		}
		return r
	}, s)
}
