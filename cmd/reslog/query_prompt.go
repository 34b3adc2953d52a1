package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"reslog/client"
	"reslog/kql/syntax"
)

const promptHelp = `A query ends with its line when it is whole; a line that ends with a pipe, a
comma or an open bracket goes on, and so does one that ends with a backslash.
A line that begins with a pipe goes on from the query before it.

  tables            the tables of the workspace
  schema TABLE      the columns of a table
  explain QUERY     the SQL that a query is turned into
  output FORM       how rows are printed: table, csv, tsv, json, jsonl
  timespan SPAN     only rows of a time, such as PT1H; "all" for all
  help, exit        Ctrl-C leaves a query, Ctrl-D the prompt

The arrows bring earlier queries back, Tab completes names.
`

// prompt asks for queries on a terminal.
type prompt struct {
	cmd     *cobra.Command
	node    *client.Node
	request client.QueryRequest
	flags   queryFlags
	term    *term.Terminal
	tables  []client.WorkspaceTable
	last    string // the query before, for a line that begins with a pipe
	words   []string
}

// interactiveQuery asks for queries until there are no more.
func interactiveQuery(cmd *cobra.Command, n *client.Node, request client.QueryRequest, f *queryFlags) error {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok {
		return usageError(errors.New("the query is missing: give one as argument, with --file or on the standard input"))
	}
	p := &prompt{cmd: cmd, node: n, request: request, flags: *f}
	if err := p.learn(cmd.Context()); err != nil {
		return explainNode(err)
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("use the terminal: %w", err)
	}
	defer term.Restore(int(in.Fd()), state) //nolint:errcheck // the process ends
	p.term = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, cmd.OutOrStdout()}, "kql> ")
	if width, height, err := term.GetSize(int(in.Fd())); err == nil {
		_ = p.term.SetSize(width, height) // refuses only sizes that are none
	}
	p.term.AutoCompleteCallback = p.complete
	p.term.SetBracketedPasteMode(true)
	defer p.term.SetBracketedPasteMode(false)
	history := loadHistory()
	for _, line := range history.lines {
		p.term.History.Add(line)
	}
	fmt.Fprintf(p.term, "%d tables; \"help\" says more, Ctrl-D leaves.\n", len(p.tables))
	return p.loop(history)
}

// learn reads the names that can be completed.
func (p *prompt) learn(ctx context.Context) error {
	if p.request.Workspace != "" {
		tables, err := p.node.WorkspaceTables(ctx, p.request.Workspace)
		if err != nil {
			return err
		}
		p.tables = tables
	}
	p.words = append(p.words, syntax.Operators()...)
	for _, t := range p.tables {
		p.words = append(p.words, t.Name)
	}
	slices.Sort(p.words)
	p.words = slices.Compact(p.words)
	return nil
}

// loop reads and answers.
func (p *prompt) loop(history *history) error {
	var whole strings.Builder
	for {
		line, err := p.term.ReadLine()
		pasted := errors.Is(err, term.ErrPasteIndicator)
		switch {
		case errors.Is(err, io.EOF) && whole.Len() > 0:
			// Ctrl-C in the middle of a query leaves the query.
			whole.Reset()
			p.term.SetPrompt("kql> ")
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !pasted:
			return fmt.Errorf("read from the terminal: %w", err)
		}
		more := strings.HasSuffix(strings.TrimRight(line, " "), `\`)
		whole.WriteString(strings.TrimSuffix(strings.TrimRight(line, " "), `\`) + "\n")
		text := strings.TrimSpace(whole.String())
		if text != "" && (pasted || more || !isWhole(text)) && strings.TrimSpace(line) != "" {
			p.term.SetPrompt("...> ")
			continue
		}
		whole.Reset()
		p.term.SetPrompt("kql> ")
		if text == "" {
			continue
		}
		history.add(text)
		if done := p.do(text); done {
			return nil
		}
	}
}

// isWhole reports whether a query does not go on in the next line: nothing is
// open, and it does not end with what wants something behind it.
func isWhole(text string) bool {
	depth := 0
	last := ""
	for _, t := range syntax.Lex(text) {
		if t.Kind == syntax.TokenComment || t.Kind == syntax.TokenEOF {
			continue
		}
		last = text[t.Start:t.End]
		if t.Kind != syntax.TokenSymbol {
			continue
		}
		switch last {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		}
	}
	return depth <= 0 && !slices.Contains([]string{"|", ",", "=", "(", "+", "-", "*", "/", "==", "and", "or", "by", "on", "with"}, last)
}

// do runs a command or a query; it reports whether the prompt is to end.
func (p *prompt) do(text string) (done bool) {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case text == "exit" || text == "quit":
		return true
	case text == "help":
		io.WriteString(p.term, promptHelp) //nolint:errcheck // a terminal
	case text == "tables":
		for _, t := range p.tables {
			fmt.Fprintln(p.term, t.Name)
		}
	case word == "schema" && rest != "" && !strings.Contains(rest, " "):
		p.schema(rest)
	case word == "output" && slices.Contains(outputForms(), rest) && rest != "parquet":
		p.flags.output = rest
	case word == "timespan" && rest != "" && !strings.Contains(rest, " "):
		p.request.Timespan = rest
		if rest == "all" {
			p.request.Timespan = ""
		}
	case word == "explain" && rest != "":
		p.query(rest, true)
	case strings.HasPrefix(text, "|") && p.last != "":
		p.query(p.last+"\n"+text, false)
	default:
		p.query(text, false)
	}
	return false
}

func (p *prompt) schema(name string) {
	for _, t := range p.tables {
		if t.Name == name {
			for _, c := range t.Columns {
				fmt.Fprintf(p.term, "%-10s %s\n", c.Type, c.Name)
			}
			return
		}
	}
	fmt.Fprintf(p.term, "there is no table %s\n", plain(name))
}

// query runs a query. Ctrl-C cannot reach it in raw mode: the node's limit on
// time does.
func (p *prompt) query(text string, explain bool) {
	request := p.request
	request.Query, request.Explain = text, explain
	p.cmd.SetOut(p.term)
	p.cmd.SetErr(p.term)
	if !explain {
		p.last = text
	}
	if err := answerQuery(p.cmd, p.node, request, &p.flags); err != nil && err.Error() != "" {
		fmt.Fprintln(p.term, err)
	}
}

// complete completes the word before the cursor when Tab is pressed: names of
// tables and operators, and the columns of tables that the line names.
func (p *prompt) complete(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	start := strings.LastIndexFunc(line[:pos], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' }) + 1
	found := p.candidates(line, line[start:pos])
	if len(found) == 0 {
		return "", 0, false
	}
	common := found[0]
	for _, name := range found[1:] {
		for !strings.HasPrefix(name, common) {
			common = common[:len(common)-1]
		}
	}
	if len(found) == 1 {
		common += " "
	}
	return line[:start] + common + line[pos:], start + len(common), true
}

// candidates are the names that begin with a prefix.
func (p *prompt) candidates(line, prefix string) []string {
	if prefix == "" {
		return nil
	}
	words := p.words
	for _, t := range p.tables {
		if !strings.Contains(p.last+line, t.Name) {
			continue
		}
		for _, c := range t.Columns {
			words = append(words[:len(words):len(words)], c.Name)
		}
	}
	var found []string
	for _, w := range words {
		if strings.HasPrefix(w, prefix) && !slices.Contains(found, w) {
			found = append(found, w)
		}
	}
	return found
}

// maxHistory is how many queries are kept.
const maxHistory = 500

// history is the queries of before, kept in the user's state folder. It is for
// convenience: what cannot be read or written is done without.
type history struct {
	path  string
	lines []string
}

func loadHistory() *history {
	h := &history{}
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return h
		}
		dir = filepath.Join(home, ".local", "state")
	}
	h.path = filepath.Join(dir, "reslog", "query-history")
	file, err := os.Open(h.path)
	if err != nil {
		return h
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, 4<<20))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		h.lines = append(h.lines, lines.Text())
	}
	h.lines = h.lines[max(0, len(h.lines)-maxHistory):]
	return h
}

// add keeps a query, in one line.
func (h *history) add(text string) {
	h.lines = append(h.lines, strings.Join(strings.Fields(text), " "))
	h.lines = h.lines[max(0, len(h.lines)-maxHistory):]
	if h.path == "" || os.MkdirAll(filepath.Dir(h.path), 0o700) != nil {
		return
	}
	_ = os.WriteFile(h.path, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600)
}
