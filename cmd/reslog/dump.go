package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"reslog/cmd/reslog/logs"
	"reslog/storagelog"
)

const dumpHelp = `Write the records of a storage account's classic logs to a file, or to the
output.

Formats are csv (RFC 4180, with a line of field names), jsonl (an object a line;
empty fields are left out) and raw (the lines as they are stored, after a line
of headings). Without --format the ending of --output decides: .csv, .json,
.jsonl; anything else is raw, and so is the output.

Logs are chosen and records filtered as by "reslog find". With --whole-logs all
records of the chosen logs are written, irrespective of their time.

Exit status: 0 when it worked, also when there was nothing to write; 2 on
failure, also when only some of the logs could be read.`

const dumpExamples = `  reslog dump blob --start -1d -o yesterday.csv
  reslog dump blob --operations delete --format jsonl | jq .requestedObjectKey
  reslog dump queue --start 2026-01-01 --end 2026-01-31T23:59Z -o january.log
  reslog dump --path ./logs --format csv`

// dumpFlags are the flags of dump that are not also those of find.
type dumpFlags struct {
	output    string
	format    string
	noHeader  bool
	wholeLogs bool
}

func newDumpCommand() *cobra.Command {
	var f dumpFlags
	var q logQuery
	cmd := &cobra.Command{
		Use:     "dump [service]",
		Short:   "Write the logs of any storage account as CSV, JSON or text",
		Long:    dumpHelp,
		Example: dumpExamples,
		Args:    cobra.MaximumNArgs(1),

		ValidArgsFunction: completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.arguments(args); err != nil {
				return usageError(err)
			}
			format, err := f.outputFormat()
			if err != nil {
				return usageError(err)
			}
			return f.run(cmd, &q, format)
		},
	}
	q.add(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`file` to write, replaced when it is there; default is the output")
	flags.StringVar(&f.format, "format", "", "`format`: csv, jsonl or raw")
	flags.BoolVar(&f.noHeader, "no-header", false, "leave out the line of field names")
	flags.BoolVar(&f.wholeLogs, "whole-logs", false, "write all records of the chosen logs, whatever their time")
	return cmd
}

// outputFormat is the format that was asked for, or that the file's name asks for.
func (f *dumpFlags) outputFormat() (logs.Format, error) {
	if f.format != "" {
		format, err := logs.ParseFormat(f.format)
		if err != nil {
			return "", fmt.Errorf("--format: %w", err)
		}
		return format, nil
	}
	switch strings.ToLower(filepath.Ext(f.output)) {
	case ".csv":
		return logs.CSV, nil
	case ".json", ".jsonl", ".ndjson":
		return logs.JSON, nil
	}
	return logs.Raw, nil
}

func (f *dumpFlags) run(cmd *cobra.Command, q *logQuery, format logs.Format) (err error) {
	s, screen, err := q.search(cmd)
	if err != nil {
		return err
	}
	if f.wholeLogs {
		if s.Filter, err = storagelog.NewFilter(storagelog.FilterConfig{}); err != nil {
			return usageError(err)
		}
	}
	failed := func(err error) error {
		screen.clear()
		return &exitError{status: 2, err: fmt.Errorf("dump: %w", err)}
	}
	// The logs are listed first: their versions decide how many columns there are.
	version, err := newestVersion(cmd.Context(), s)
	if err != nil {
		return failed(err)
	}
	out, commit, err := f.create(cmd.OutOrStdout())
	if err != nil {
		return failed(err)
	}
	defer func() {
		if cerr := commit(err == nil); cerr != nil && err == nil {
			err = failed(cerr)
		}
	}()
	w := logs.NewWriter(out, format, version)
	w.Terminal = f.output == "" && isTerminal(cmd.OutOrStdout())
	if !f.noHeader {
		if err := w.Header(version); err != nil {
			return failed(err)
		}
	}
	sum, err := s.Run(cmd.Context(), w.Write)
	if err := errors.Join(err, w.Flush()); err != nil {
		return failed(err)
	}
	screen.clear()
	screen.summary(sum)
	if sum.Failed > 0 {
		// What could be read is kept; the status tells that it is not all.
		err := commit(true)
		commit = func(bool) error { return nil }
		return failed(errors.Join(fmt.Errorf("%d of %d logs could not be read", sum.Failed, sum.Logs), err))
	}
	if f.output != "" && !q.quiet {
		fmt.Fprintf(cmd.ErrOrStderr(), "wrote %d records of %s to %s\n", sum.Found, amount(sum), f.output)
	}
	return nil
}

// create opens the output. A file appears under its name when it is complete,
// so that a dump that failed does not replace one that worked.
func (f *dumpFlags) create(stdout io.Writer) (io.Writer, func(keep bool) error, error) {
	if f.output == "" {
		return stdout, func(bool) error { return nil }, nil
	}
	file, err := os.CreateTemp(filepath.Dir(f.output), "."+filepath.Base(f.output)+".*")
	if err != nil {
		return nil, nil, fmt.Errorf("write %s: %w", f.output, err)
	}
	return file, func(keep bool) error {
		err := file.Close()
		if keep && err == nil {
			if err = os.Chmod(file.Name(), 0o644); err == nil {
				err = os.Rename(file.Name(), f.output)
			}
		}
		if !keep || err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", f.output, err)
		}
		return nil
	}, nil
}

// newestVersion lists the logs, keeps the list for the search, and returns the
// newest version of their records.
func newestVersion(ctx context.Context, s *logs.Search) (storagelog.Version, error) {
	listed, err := logs.List(ctx, s.Source, s.Selection)
	if err != nil {
		return "", err
	}
	s.Source = listed
	return listed.Version(ctx)
}
