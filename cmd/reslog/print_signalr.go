package main

import (
	"encoding/json"
	"fmt"
	"time"

	"reslog/client"
)

// signalRFields are what a table line shows of an event of SignalR.
type signalRFields struct {
	Time          time.Time `json:"time"`
	OperationName string    `json:"operationName"`
	Level         string    `json:"level"`
	Caller        string    `json:"callerIpAddress"`
	Properties    struct {
		Message string `json:"message"`
		User    string `json:"userId"`
		Hub     string `json:"hub"`
	} `json:"properties"`
}

// printSignalR prints a record of SignalR.
func (p *recordPrinter) printSignalR(r client.TailRecord) error {
	var f signalRFields
	if err := json.Unmarshal(r.Record, &f); err != nil {
		return fmt.Errorf("read record %s: %w", r.ID, err)
	}
	who := f.Properties.User
	if who == "" {
		who = f.Caller
	}
	color := "200"
	switch f.Level {
	case "Informational":
	case "Warning":
		color = "400"
	default:
		color = "500"
	}
	_, err := fmt.Fprintf(p.out, "%s  %-13s  %s  %-10s  %-12s  %s\n", f.Time.Local().Format("15:04:05.000"), r.Category,
		p.paint(color, fmt.Sprintf("%-21s", plain(f.OperationName))), plain(who), plain(f.Properties.Hub), plain(f.Properties.Message))
	return err
}
