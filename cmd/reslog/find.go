package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"reslog/cmd/reslog/logs"
	"reslog/storagelog"
)

const findHelp = `Search the classic logs of a storage account for records, as grep searches files.

The logs are those of any account: of the development storage unless
--connection-string, --url or --account-name says otherwise, or files that were
downloaded (--path). Only logs that can hold what is looked for are listed and
read: by their hour, and by the times and types in their metadata.

A record matches when it started between --start and --end, both included, has
the keyword in it, and meets every other condition. Keyword and --regex look at
the record as it is stored, where a quote inside a value is &quot;.

--operations picks logs that hold such requests (read, write, delete); it does
not look into them. To pick records by what was called, use --operation.

Fields for --where are named as in the log format (request-status), as in JSON
(requestStatus) or in short (status); operators are = != ~ !~ < <= > >=.

Exit status: 0 when something was found, 1 when nothing was, 2 on failure, also
when only some of the logs could be read.`

const findExamples = `  reslog find blob DeleteContainer
  reslog find blob --operations write,delete --start 2026-01-01T00:00Z --end 2026-01-02T00:00Z DeleteContainer
  reslog find blob "WRITE,DELETE" "2011-06-26T22:30Z" "2011-06-26T22:50Z" "DeleteContainer"
  reslog find blob --start -1h --status ThrottlingError,SASThrottlingError --count
  reslog find blob --start -1d --where 'key~^/acct/photos/' --min-latency 1000 --json
  reslog find queue --start -1h --operation PutMessage,GetMessageWrite
  reslog find table --start -1h EntityGroupTransaction
  reslog find --path ./logs -i lake.jpg`

// findFlags are the flags of find that are not also those of dump.
type findFlags struct {
	asJSON bool
	count  bool
	limit  int64
}

func newFindCommand() *cobra.Command {
	var f findFlags
	var q logQuery
	cmd := &cobra.Command{
		Use:     "find [service] [keyword]\n  reslog find service operations start end keyword",
		Short:   "Search the logs of any storage account",
		Long:    findHelp,
		Example: findExamples,
		Args:    cobra.ArbitraryArgs,

		ValidArgsFunction: completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.arguments(args); err != nil {
				return usageError(err)
			}
			if f.count && f.asJSON {
				return usageError(errors.New("--count prints a number: leave out --json"))
			}
			return f.run(cmd, &q)
		},
	}
	q.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.asJSON, "json", false, "print records as JSON, one a line")
	flags.BoolVarP(&f.count, "count", "c", false, "print only how many there are")
	flags.Int64VarP(&f.limit, "limit", "n", 0, "stop after so many `records`; 0 is no limit")
	return cmd
}

// completeServices completes the services of storage accounts, where an argument
// or a flag is one.
func completeServices(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"blob", "queue", "table"}, cobra.ShellCompDirectiveNoFileComp
}

func (f *findFlags) run(cmd *cobra.Command, q *logQuery) error {
	s, screen, err := q.search(cmd)
	if err != nil {
		return err
	}
	s.Limit = f.limit
	format := logs.Raw
	if f.asJSON {
		format = logs.JSON
	}
	w := logs.NewWriter(cmd.OutOrStdout(), format, storagelog.V2)
	w.Terminal = isTerminal(cmd.OutOrStdout())
	write := w.Write
	switch {
	case f.count:
		write = nil
	case w.Terminal:
		// What is found shows at once.
		write = func(line []byte) error {
			screen.clear()
			return errors.Join(w.Write(line), w.Flush())
		}
	}
	sum, err := s.Run(cmd.Context(), write)
	screen.clear()
	err = errors.Join(err, w.Flush())
	if err == nil && f.count {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), sum.Found)
	}
	screen.summary(sum)
	switch {
	case err != nil:
		return &exitError{status: 2, err: fmt.Errorf("find: %w", err)}
	case sum.Failed > 0:
		return &exitError{status: 2, err: fmt.Errorf("find: %d of %d logs could not be read", sum.Failed, sum.Logs)}
	case sum.Found == 0:
		return &exitError{status: 1}
	}
	return nil
}

// logQuery is what find and dump have in common: where the logs are and what is
// looked for.
type logQuery struct {
	source logSource

	service    string
	operations string
	start, end string
	keyword    string

	regex      string
	ignoreCase bool
	where      []string
	status     string
	operation  string
	account    string
	ip         string
	requestID  string
	minLatency int64

	keepDuplicates bool
	parallel       int
	verbose        bool
	quiet          bool
}

func (q *logQuery) add(cmd *cobra.Command) {
	q.source.add(cmd)
	f := cmd.Flags()
	f.StringVar(&q.operations, "operations", "", "only logs with requests of these `types`: read, write, delete; separated by commas")
	f.StringVar(&q.start, "start", "", "earliest start of a request: a `time` like 2011-06-26T22:30Z, or -90m, -1h, -2d ago")
	f.StringVar(&q.end, "end", "", "latest start of a request")
	f.StringVarP(&q.regex, "regex", "e", "", "regular `expression` that the record must match")
	f.BoolVarP(&q.ignoreCase, "ignore-case", "i", false, "ignore case in the keyword, --regex, --status, --operation and --account")
	f.StringArrayVarP(&q.where, "where", "w", nil, "`condition` on a field: field=value, field~regexp, latency>=100; may be given more than once")
	f.StringVar(&q.status, "status", "", "only these request `statuses`, separated by commas")
	f.StringVar(&q.operation, "operation", "", "only these `operations`, such as PutBlob,DeleteBlob")
	f.StringVar(&q.account, "account", "", "only requests to this `account`")
	f.StringVar(&q.ip, "ip", "", "only requests from this `address`, with or without its port")
	f.StringVar(&q.requestID, "request-id", "", "only the request with this `id`")
	f.Int64Var(&q.minLatency, "min-latency", 0, "only requests that took at least so many `milliseconds`, end to end")
	f.BoolVar(&q.keepDuplicates, "keep-duplicates", false, "keep records with a request id and operation number that were there before")
	f.IntVar(&q.parallel, "parallel", 4, "read so many `logs` at once, 64 at most")
	f.BoolVarP(&q.verbose, "verbose", "v", false, "tell which logs are selected and which ignored")
	f.BoolVarP(&q.quiet, "quiet", "q", false, "show no progress")
}

// arguments reads the positional arguments: of today, or the five of the log
// search sample of 2011.
func (q *logQuery) arguments(args []string) error {
	given := func(name, flag, arg string) error {
		if flag != "" {
			return fmt.Errorf("%s is given twice: %q and --%s %q", name, arg, name, flag)
		}
		return nil
	}
	if len(args) > 0 {
		if _, err := storagelog.ParseService(args[0]); err == nil {
			q.service, args = args[0], args[1:]
		} else if len(q.source.paths) == 0 {
			return fmt.Errorf("%w; the service comes first, as in \"find blob %s\"", err, args[0])
		}
	} else if len(q.source.paths) == 0 {
		return errors.New("which service? want blob, queue or table, as in \"find blob DeleteContainer\"")
	}
	switch len(args) {
	case 0:
	case 1:
		q.keyword = args[0]
	case 4:
		if err := errors.Join(given("operations", q.operations, args[0]), given("start", q.start, args[1]), given("end", q.end, args[2])); err != nil {
			return err
		}
		q.operations, q.start, q.end, q.keyword = args[0], args[1], args[2], args[3]
	default:
		return fmt.Errorf("%d arguments after the service: want a keyword, or operations, start, end and keyword", len(args))
	}
	return nil
}

// conditions turns the flags about single fields into conditions.
func (q *logQuery) conditions() ([]storagelog.Condition, error) {
	var cs []storagelog.Condition
	for _, text := range q.where {
		c, err := storagelog.ParseCondition(text)
		if err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	for _, one := range []struct {
		field  storagelog.Field
		values string
	}{
		{storagelog.FieldStatus, q.status},
		{storagelog.FieldOperation, q.operation},
		{storagelog.FieldOwnerAccount, q.account},
		{storagelog.FieldRequestID, q.requestID},
	} {
		if one.values != "" {
			cs = append(cs, storagelog.Condition{
				Field: one.field, Values: strings.Split(one.values, ","),
				FoldCase: q.ignoreCase,
			})
		}
	}
	if len(q.source.paths) > 0 && q.service != "" {
		// The name of a file need not tell what is in it.
		cs = append(cs, storagelog.Condition{Field: storagelog.FieldService, Values: []string{q.service}, FoldCase: true})
	}
	if q.ip != "" {
		pattern, err := regexp.Compile("^" + regexp.QuoteMeta(q.ip) + "(:[0-9]+)?$")
		if err != nil {
			return nil, err
		}
		cs = append(cs, storagelog.Condition{Field: storagelog.FieldClientIP, Op: storagelog.Matches, Pattern: pattern})
	}
	if q.minLatency > 0 {
		c, err := storagelog.ParseCondition("latency>=" + strconv.FormatInt(q.minLatency, 10))
		if err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	return cs, nil
}
