package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"reslog/client"
	"reslog/cmd/reslog/logs"
	"reslog/storagelog"
)

// logSource are the flags that say where logs are.
type logSource struct {
	connection  string
	url         string
	accountName string
	accountKey  string
	paths       []string
}

// Environment variables that the Azure tools know.
const (
	accountVariable = "AZURE_STORAGE_ACCOUNT"
	keyVariable     = "AZURE_STORAGE_KEY"
)

func (s *logSource) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.connection, "connection-string", "", "connection `string` of the account; default UseDevelopmentStorage=true [$"+connectionVariable+"]")
	f.StringVar(&s.url, "url", "", "`URL` of the account or its $logs container, with a shared access signature")
	f.StringVar(&s.accountName, "account-name", "", "`name` of an Azure account, with --account-key [$"+accountVariable+"]")
	f.StringVar(&s.accountKey, "account-key", "", "`key` of that account [$"+keyVariable+"]")
	f.StringArrayVar(&s.paths, "path", nil, "`file` or folder with downloaded logs instead of an account; may be given more than once")
}

// open decides where the logs are. What is given on the command line goes
// before the environment.
func (s *logSource) open() (logs.Source, error) {
	given := 0
	for _, set := range []bool{s.connection != "", s.url != "", s.accountName != "", len(s.paths) > 0} {
		if set {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, errors.New("give one of --connection-string, --url, --account-name and --path")
	case len(s.paths) > 0:
		return logs.OpenFolder(s.paths...)
	case s.url != "":
		return logs.OpenURL(s.url, nil)
	}
	text := s.connection
	if text == "" && s.accountName == "" {
		text = os.Getenv(connectionVariable)
	}
	if text == "" {
		name, key := s.accountName, s.accountKey
		if name == "" {
			name = os.Getenv(accountVariable)
		}
		if key == "" {
			key = os.Getenv(keyVariable)
		}
		switch {
		case name != "" && key != "":
			text = "AccountName=" + name + ";AccountKey=" + key
		case s.accountName != "" || s.accountKey != "":
			return nil, errors.New("--account-name and --account-key go together")
		default:
			text = "UseDevelopmentStorage=true"
		}
	}
	account, err := client.ParseConnectionString(text)
	if err != nil {
		return nil, err
	}
	return logs.OpenAccount(account, nil)
}

// search makes the search that the flags and arguments ask for, and the screen
// that tells of it.
func (q *logQuery) search(cmd *cobra.Command) (*logs.Search, *searchScreen, error) {
	source, err := q.source.open()
	if err != nil {
		return nil, nil, usageError(err)
	}
	screen := &searchScreen{out: cmd.ErrOrStderr(), verbose: q.verbose}
	screen.progress = !q.quiet && !q.verbose && isTerminal(screen.out)
	s := &logs.Search{
		Source: source, Parallel: q.parallel, KeepDuplicates: q.keepDuplicates,
		Warn: screen.warn,
	}
	if screen.progress {
		s.Progress = screen.show
	}
	now := time.Now()
	if s.Selection, err = q.selection(now); err != nil {
		return nil, nil, usageError(err)
	}
	if q.verbose {
		s.Selection.Prefix, s.Selection.Observe = screen.prefix, screen.observe
	}
	config := storagelog.FilterConfig{Start: s.Selection.Start, End: s.Selection.End, Text: q.keyword, FoldCase: q.ignoreCase}
	if q.regex != "" {
		expr := q.regex
		if q.ignoreCase {
			expr = "(?i)" + expr
		}
		if config.Pattern, err = regexp.Compile(expr); err != nil {
			return nil, nil, usageError(fmt.Errorf("--regex: %w", err))
		}
	}
	if config.Where, err = q.conditions(); err != nil {
		return nil, nil, usageError(err)
	}
	if s.Filter, err = storagelog.NewFilter(config); err != nil {
		return nil, nil, usageError(err)
	}
	return s, screen, nil
}

// selection says which logs the flags ask for.
func (q *logQuery) selection(now time.Time) (s logs.Selection, err error) {
	if q.service != "" {
		if s.Service, err = storagelog.ParseService(q.service); err != nil {
			return s, err
		}
	}
	if s.Types, err = storagelog.ParseLogTypes(q.operations); err != nil {
		return s, fmt.Errorf("--operations: %w", err)
	}
	if q.start != "" {
		if s.Start, err = logs.ParseTime(q.start, now); err != nil {
			return s, fmt.Errorf("--start: %w", err)
		}
		s.End = now // without an end every later hour would have to be listed
	}
	if q.end != "" {
		if s.End, err = logs.ParseTime(q.end, now); err != nil {
			return s, fmt.Errorf("--end: %w", err)
		}
	}
	if !s.Start.IsZero() && s.End.Before(s.Start) {
		return s, fmt.Errorf("--start %s is after --end %s", s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339))
	}
	return s, nil
}

// searchScreen tells about a search on the error output, so that the output is
// nothing but records.
type searchScreen struct {
	out      io.Writer
	verbose  bool
	progress bool

	mu    sync.Mutex // listing and reading tell at once
	shown bool
}

// fullTime is how the log search sample of 2011 shows times.
const fullTime = "Monday, January 2, 2006 3:04:05 PM"

func (s *searchScreen) prefix(p string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, "Prefix used = %s/%s\n", storagelog.ContainerName, p)
}

func (s *searchScreen) observe(l logs.Log, selected bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verdict := "Ignoring"
	if selected {
		verdict = "Selected"
	}
	m := l.Metadata
	if m == (storagelog.Metadata{}) {
		fmt.Fprintf(s.out, "%s Log %s.\n", verdict, l.Location)
		return
	}
	fmt.Fprintf(s.out, "%s Log %s Start=%s End=%s Types=%s.\n", verdict, l.Location,
		m.Start.UTC().Format(fullTime), m.End.UTC().Format(fullTime), strings.ToUpper(m.Types.String()))
}

func (s *searchScreen) warn(l logs.Log, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	if errors.Is(err, logs.ErrGone) {
		fmt.Fprintf(s.out, "reslog: passed over %s: it was deleted meanwhile\n", l.Location)
		return
	}
	fmt.Fprintf(s.out, "reslog: cannot read %s: %v\n", l.Location, err)
}

func (s *searchScreen) show(sum logs.Summary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = true
	fmt.Fprintf(s.out, "\r\x1b[K%s read, %d found", amount(sum), sum.Found)
}

// clear takes the progress off the screen.
func (s *searchScreen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
}

func (s *searchScreen) wipe() {
	if s.shown {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.shown = false
	}
}

func (s *searchScreen) summary(sum logs.Summary) {
	if s.verbose {
		fmt.Fprintf(s.out, "%s read, %d found, %d duplicates left out\n", amount(sum), sum.Found, sum.Duplicates)
	}
}

// amount says how much was read.
func amount(sum logs.Summary) string {
	unit := "logs"
	if sum.Logs == 1 {
		unit = "log"
	}
	return fmt.Sprintf("%d %s, %.1f MiB", sum.Logs, unit, float64(sum.Bytes)/(1<<20))
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
