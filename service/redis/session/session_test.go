package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// watched is a session whose events are noted.
type watched struct {
	*Session
	counts *Counts
	events []string
	clock  time.Time
}

func watchNew(counts *Counts) *watched {
	w := &watched{counts: counts, clock: time.Unix(1_700_000_000, 0)}
	w.Session = New(Config{
		Counts: counts,
		Now:    func() time.Time { return w.clock },
		Login: func(l Login) {
			w.events = append(w.events, fmt.Sprintf("%d %s", l.Status, l.User))
		},
	})
	return w
}

// array is a request in the form that clients use.
func array(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// cmd is an array of words.
func cmd(line string) string { return array(strings.Fields(line)...) }

// step is bytes in one direction.
type step struct {
	reply bool
	b     string
}

func c(lines ...string) step {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(cmd(l))
	}
	return step{b: b.String()}
}

func raw(b string) step { return step{b: b} }

func r(b ...string) step { return step{reply: true, b: strings.Join(b, "")} }

// feed runs steps, each cut into pieces.
func (w *watched) feed(steps []step, cut func(string) []string) {
	for _, st := range steps {
		for _, b := range cut(st.b) {
			if st.reply {
				w.Reply([]byte(b))
			} else {
				w.Request([]byte(b))
			}
		}
	}
}

func whole(s string) []string { return []string{s} }

// bytesOf is every byte on its own.
func bytesOf(s string) []string {
	out := make([]string, len(s))
	for i := range len(s) {
		out[i] = s[i : i+1]
	}
	return out
}

func randomly(rnd *rand.Rand) func(string) []string {
	return func(s string) []string {
		var out []string
		for len(s) > 0 {
			n := min(len(s), 1+rnd.IntN(1+rnd.IntN(40)))
			out = append(out, s[:n])
			s = s[n:]
		}
		return out
	}
}

const (
	ok      = "+OK\r\n"
	queued  = "+QUEUED\r\n"
	null    = "$-1\r\n"
	noAuth  = "-NOAUTH Authentication required.\r\n"
	wrong   = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
	noPass  = "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n"
	badName = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
	badOpt  = "-ERR Syntax error in HELLO option 'BOGUS'\r\n"
	resetOK = "+RESET\r\n"
)

func greeting(head, version string) string {
	return head + "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$" + strconv.Itoa(len(version)) + "\r\n" + version +
		"\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:5\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
}

func hello3() string { return greeting("%7\r\n", "7.0.15") }

func hello2() string { return greeting("*14\r\n", "7.0.15") }

// transcripts are connections: what both sides sent, what is told, who it is then.
func transcripts() []struct {
	name  string
	steps []step
	want  []string
	user  string
	blind bool
} {
	return []struct {
		name  string
		steps []step
		want  []string
		user  string
		blind bool
	}{
		{"auth of the default user", []step{c("AUTH pw"), r(ok)}, []string{"8 default"}, "default", false},
		{"auth of a user", []step{c("AUTH alice pw"), r(ok)}, []string{"8 alice"}, "alice", false},
		{"small letters", []step{c("auth alice pw"), r(ok)}, []string{"8 alice"}, "alice", false},
		{"wrong password", []step{c("AUTH alice pw"), r(wrong)}, []string{"0 alice"}, "", false},
		{"wrong password of the default user", []step{c("AUTH pw"), r(wrong)}, []string{"0 default"}, "", false},
		{"wrong password before Redis 6", []step{c("AUTH pw"), r("-ERR invalid password\r\n")}, []string{"0 default"}, "", false},
		{"a module's refusal", []step{c("AUTH alice pw"), r("-ERR LDAP server is not there\r\n")}, []string{"0 alice"}, "", false},
		{"no password is set", []step{c("AUTH pw"), r(noPass)}, []string{"2 default"}, "default", false},
		{"no password is set, before Redis 6", []step{c("AUTH pw"), r("-ERR Client sent AUTH, but no password is set\r\n")}, []string{"2 default"}, "default", false},
		{"no password is set, twice", []step{c("AUTH pw", "AUTH pw"), r(noPass, noPass)}, []string{"2 default"}, "default", false},
		{"no password is set, as another", []step{c("AUTH alice pw", "AUTH pw"), r(ok, noPass)}, []string{"8 alice"}, "alice", false},
		{"wrong numbers of arguments", []step{c("AUTH", "AUTH a b c"), r("-ERR wrong number of arguments for 'auth' command\r\n", "-ERR syntax error\r\n")}, nil, "", false},
		{"who fails stays who it is", []step{c("AUTH alice pw", "AUTH bob pw"), r(ok, wrong)}, []string{"8 alice", "0 bob"}, "alice", false},
		{"equal successes are one", []step{c("AUTH alice pw", "AUTH alice pw"), r(ok, ok)}, []string{"8 alice"}, "alice", false},
		{"equal failures are two", []step{c("AUTH alice pw", "AUTH alice pw"), r(wrong, wrong)}, []string{"0 alice", "0 alice"}, "", false},
		{"and back", []step{c("AUTH alice p", "AUTH bob p", "AUTH alice p"), r(ok, ok, ok)}, []string{"8 alice", "8 bob", "8 alice"}, "alice", false},
		{"any bytes", []step{raw(array("AUTH", "a\r\n\x00\xff", "pw")), r(ok)}, []string{"8 a\r\n\x00\xff"}, "a\r\n\x00\xff", false},
		{"an empty name", []step{raw(array("AUTH", "", "pw")), r(wrong)}, []string{"0 "}, "", false},
		{"a long name", []step{raw(array("AUTH", strings.Repeat("n", 1000), "pw")), r(wrong)}, []string{"0 " + strings.Repeat("n", 256)}, "", false},
		{"pipelined", []step{c("GET a", "AUTH alice pw", "GET a", "AUTH alice bad"), r(noAuth, ok, null, wrong)}, []string{"8 alice", "0 alice"}, "alice", false},

		{"inline", []step{raw("auth \"ali\\x63e\" 'p w'\r\n"), r(ok)}, []string{"8 alice"}, "alice", false},
		{"inline, only a password", []step{raw("AUTH secret\n"), r(ok)}, []string{"8 default"}, "default", false},
		{"inline, escapes", []step{raw("AUTH \"\\x4\\xzz\\n\\q\\\"\" p\n"), r(ok)}, []string{"8 x4xzz\nq\""}, "x4xzz\nq\"", false},
		{"inline, single quotes", []step{raw("AUTH 'a\\'b\\n' p\n"), r(ok)}, []string{"8 a'b\\n"}, "a'b\\n", false},
		{"inline, quotes in a word", []step{raw("AUTH al\"ic\"  p\r\n"), r(ok)}, []string{"8 alic"}, "alic", false},
		{"inline, empty lines", []step{raw("\r\n\n  \r\nAUTH alice p\r\n"), r(ok)}, []string{"8 alice"}, "alice", false},
		{"inline, an open quote", []step{raw("AUTH \"alice p\r\nAUTH bob p\r\n"), r("-ERR Protocol error: unbalanced quotes in request\r\n")}, nil, "", false},
		{"inline, something behind a quote", []step{raw("AUTH \"alice\"x p\r\nAUTH bob p\r\n"), r("-ERR Protocol error: unbalanced quotes in request\r\n")}, nil, "", false},
		{"both forms", []step{raw("PING\r\n" + cmd("AUTH alice p") + "PING\r\n"), r(noAuth, ok, "+PONG\r\n")}, []string{"8 alice"}, "alice", false},
		{"arrays of none", []step{raw("*0\r\n*-1\r\n" + cmd("AUTH alice p")), r(ok)}, []string{"8 alice"}, "alice", false},
		{"ends of line that are none", []step{raw("*3\rx$4\ryAUTHzz$5\r\nalice..$1\r\np\r\n"), r(ok)}, []string{"8 alice"}, "alice", false},
		{"a bad number", []step{raw("*01\r\n" + cmd("AUTH alice p")), r("-ERR Protocol error: invalid multibulk length\r\n")}, nil, "", false},
		{"a bad length", []step{raw("*1\r\n$x\r\n" + cmd("AUTH alice p")), r("-ERR Protocol error: invalid bulk length\r\n")}, nil, "", false},
		{"no dollar", []step{raw("*1\r\nPING\r\n"), r("-ERR Protocol error: expected '$', got 'P'\r\n")}, nil, "", false},

		{"needs no login", []step{c("PING", "PING"), r("+PONG\r\n", "+PONG\r\n")}, []string{"2 default"}, "default", false},
		{"an error of the command", []step{c("LPOP s"), r("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n")}, []string{"2 default"}, "default", false},
		{"errors that come before the login", []step{c("FOO", "GET"), r("-ERR unknown command 'FOO', with args beginning with: \r\n", "-ERR wrong number of arguments for 'get' command\r\n")}, nil, "", false},
		{"quit needs no login", []step{c("QUIT"), r(ok)}, nil, "", false},
		{"too many clients", []step{c("AUTH alice p"), r("-ERR max number of clients reached\r\n")}, nil, "", false},
		{"too many clients, unasked", []step{r("-ERR max number of clients reached\r\n")}, nil, "", false},
		{"protected mode", []step{c("PING"), r("-DENIED Redis is running in protected mode because protected mode is enabled\r\n")}, nil, "", false},
		{"a reply to nothing", []step{r(ok), c("AUTH alice p"), r(ok)}, nil, "", true},
		{"no reply at all", []step{c("PING"), r("HTTP/1.1 400 Bad Request\r\n")}, nil, "", true},

		{"reset", []step{c("AUTH alice p", "RESET", "AUTH alice p"), r(ok, resetOK, ok)}, []string{"8 alice", "8 alice"}, "alice", false},
		{"reset is nobody", []step{c("AUTH alice p", "RESET", "GET a"), r(ok, resetOK, noAuth)}, []string{"8 alice"}, "", false},
		{"reset is who needs no login", []step{c("AUTH alice p", "RESET", "GET a"), r(ok, resetOK, null)}, []string{"8 alice", "2 default"}, "default", false},
		{"reset of who needs no login", []step{c("GET a", "RESET", "GET a"), r(null, resetOK, null)}, []string{"2 default"}, "default", false},

		{"hello", []step{c("HELLO 3 AUTH alice p SETNAME n"), r(hello3())}, []string{"8 alice"}, "alice", false},
		{"hello 2", []step{c("hello 2 setname n auth alice p"), r(hello2())}, []string{"8 alice"}, "alice", false},
		{"hello with a wrong password", []step{c("HELLO 3 AUTH alice p"), r(wrong)}, []string{"0 alice"}, "", false},
		{"hello needs a login", []step{c("HELLO 3"), r("-NOAUTH HELLO must be called with the client already authenticated\r\n")}, nil, "", false},
		{"hello needs none", []step{c("HELLO 3"), r(hello3())}, []string{"2 default"}, "default", false},
		{"hello of an old server", []step{c("HELLO 3 AUTH alice p", "AUTH alice p"), r("-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n", ok)}, []string{"8 alice"}, "alice", false},
		{"hello 4", []step{c("HELLO 4 AUTH alice p"), r("-NOPROTO unsupported protocol version\r\n")}, nil, "", false},
		{"hello of no number", []step{c("HELLO x AUTH alice p"), r("-ERR Protocol version is not an integer or out of range\r\n")}, nil, "", false},
		{"the last of two", []step{c("HELLO 3 AUTH alice p AUTH bob p"), r(hello3())}, []string{"8 bob"}, "bob", false},
		{"hello with a bad option, not known", []step{c("HELLO 3 AUTH alice p BOGUS", "GET a"), r(badOpt, null)}, nil, "", false},
		{"hello with a bad option, refused", []step{c("GET a", "HELLO 3 AUTH alice p BOGUS", "GET a"), r(noAuth, badOpt, noAuth)}, nil, "", false},
		{"hello with a bad option, let in", []step{c("GET a", "HELLO 3 AUTH alice p BOGUS", "GET a"), r(noAuth, badOpt, null)}, []string{"8 alice"}, "alice", false},
		{"hello with a bad name, let in", []step{c("GET a"), raw(array("HELLO", "3", "AUTH", "alice", "p", "SETNAME", "a b", "AUTH", "bob", "p")), c("GET a"), r(noAuth, badName, null)}, []string{"8 alice"}, "alice", false},
		{"hello with a bad option, of 7.0", []step{c("AUTH bob p", "HELLO 3", "HELLO 3 AUTH alice p BOGUS"), r(ok, hello3(), badOpt)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"hello with a bad option, of 7.4", []step{c("AUTH bob p", "HELLO 3", "HELLO 3 AUTH alice p BOGUS"), r(ok, greeting("%7\r\n", "7.4.1"), badOpt)}, []string{"8 bob"}, "bob", false},
		{"hello with a bad option, of another server", []step{c("AUTH bob p", "HELLO 3", "HELLO 3 AUTH alice p BOGUS"), r(ok, strings.Replace(hello3(), "$5\r\nredis", "$9\r\nminiredis", 1), badOpt)}, []string{"8 bob"}, "", false},
		{"hello with a bad option before", []step{c("GET a", "HELLO 3 BOGUS AUTH alice p", "GET a"), r(noAuth, badOpt, null)}, []string{"2 default"}, "default", false},
		{"hello without a password", []step{c("GET a", "HELLO 3 AUTH alice p AUTH bob", "GET a"), r(noAuth, badOpt, null)}, []string{"8 alice"}, "alice", false},
		{"the second of two is wrong", []step{c("GET a", "HELLO 3 AUTH alice p AUTH bob x", "GET a"), r(noAuth, wrong, null)}, []string{"0 ", "8 alice"}, "alice", false},
		{"one of two is wrong, not known", []step{c("AUTH carl p", "HELLO 3 AUTH alice p AUTH bob x", "GET a", "AUTH carl p"), r(ok, wrong, null, ok)}, []string{"8 carl", "0 ", "8 carl"}, "carl", false},

		{"transaction", []step{c("AUTH bob p", "MULTI", "AUTH alice p", "GET a", "EXEC"), r(ok, ok, queued, queued, "*2\r\n", ok, null)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"transaction, wrong password", []step{c("AUTH bob p", "MULTI", "GET a", "AUTH alice p", "GET a", "EXEC", "AUTH bob p"), r(ok, ok, queued, queued, queued, "*3\r\n", null, wrong, null, ok)}, []string{"8 bob", "0 alice"}, "bob", false},
		{"transaction with hello 3", []step{c("AUTH bob p", "MULTI", "HELLO 3 AUTH alice p", "EXEC"), r(ok, ok, queued, "*1\r\n", hello3())}, []string{"8 bob", "8 alice"}, "alice", false},
		{"transaction discarded", []step{c("AUTH bob p", "MULTI", "AUTH alice p", "DISCARD", "AUTH bob p"), r(ok, ok, queued, ok, ok)}, []string{"8 bob"}, "bob", false},
		{"transaction aborted", []step{c("AUTH bob p", "WATCH a", "MULTI", "AUTH alice p", "EXEC"), r(ok, ok, ok, queued, "*-1\r\n")}, []string{"8 bob"}, "bob", false},
		{"transaction with an error", []step{c("AUTH bob p", "MULTI", "AUTH alice p", "FOO", "EXEC"), r(ok, ok, queued, "-ERR unknown command 'FOO'\r\n", "-EXECABORT Transaction discarded because of previous errors.\r\n")}, []string{"8 bob"}, "bob", false},
		{"reset in a transaction", []step{c("AUTH bob p", "MULTI", "AUTH alice p", "RESET", "AUTH bob p"), r(ok, ok, queued, resetOK, ok)}, []string{"8 bob", "8 bob"}, "bob", false},
		{"transaction without a login", []step{c("MULTI", "AUTH alice p", "EXEC"), r(noAuth, ok, "-ERR EXEC without MULTI\r\n")}, []string{"8 alice"}, "alice", false},
		{"a plain transaction", []step{c("AUTH bob p", "MULTI", "GET a", "GET b", "EXEC", "AUTH alice p"), r(ok, ok, queued, queued, "*2\r\n", null, "*1\r\n*1\r\n", ok, ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"an array that is too short", []step{c("AUTH bob p", "MULTI", "GET a", "AUTH alice p", "EXEC"), r(ok, ok, queued, queued, "*1\r\n", ok)}, []string{"8 bob"}, "", true},
		{"no replies in a transaction", []step{c("AUTH bob p", "MULTI", "CLIENT REPLY OFF", "GET a", "EXEC", "GET a", "CLIENT REPLY ON", "AUTH alice p"), r(ok, ok, queued, queued, "*2\r\n", ok, ok)}, []string{"8 bob", "8 alice"}, "alice", false},

		{"no replies", []step{c("AUTH bob p", "CLIENT REPLY OFF", "AUTH alice p", "GET a", "CLIENT REPLY ON", "GET a", "AUTH bob p"), r(ok, ok, null, ok)}, []string{"8 bob", "8 bob"}, "bob", false},
		{"no replies, ended by reset", []step{c("AUTH bob p", "CLIENT REPLY OFF", "GET a", "RESET", "AUTH bob p"), r(ok, resetOK, ok)}, []string{"8 bob", "8 bob"}, "bob", false},
		{"no replies, refused", []step{c("CLIENT REPLY OFF", "AUTH bob p"), r(noAuth, ok)}, []string{"8 bob"}, "bob", false},
		{"no replies, a transaction", []step{c("AUTH bob p", "CLIENT REPLY OFF", "MULTI", "CLIENT REPLY ON", "GET a"), r(ok, ok, queued)}, []string{"8 bob"}, "", true},
		{"no reply", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "AUTH alice p", "GET a", "AUTH carl p"), r(ok, null, ok)}, []string{"8 bob", "8 carl"}, "carl", false},
		{"no reply to a plain one", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "SET a b", "AUTH alice p"), r(ok, ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"no reply, twice", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "AUTH x y", "AUTH alice p"), r(ok, ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"no reply, then one", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "CLIENT REPLY ON", "AUTH alice p"), r(ok, ok, ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"no reply, refused", []step{c("CLIENT REPLY SKIP", "RESET", "AUTH bob p"), r(noAuth, resetOK, ok)}, []string{"8 bob"}, "bob", false},
		{"no reply, perhaps refused", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "GET a", "FOO"), r(ok, "-NOPERM this user has no permissions\r\n")}, []string{"8 bob"}, "", true},
		{"no reply, then an error of another", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "GET a", "FOO"), r(ok, "-ERR unknown command 'FOO', with args beginning with: \r\n")}, []string{"8 bob"}, "bob", false},
		{"no reply, perhaps not known", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "GET a", "FOO"), r(ok, "-ERR unknown command `CLIENT`, with args beginning with: \r\n")}, []string{"8 bob"}, "", true},
		{"no reply, surely refused", []step{c("AUTH bob p", "CLIENT REPLY SKIP", "AUTH alice p"), r(ok, "-NOPERM this user has no permissions\r\n", ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"other words of client", []step{c("AUTH bob p", "CLIENT REPLY", "CLIENT REPLY OFF x", "CLIENT ID", "AUTH alice p"), r(ok, "-ERR a\r\n", "-ERR b\r\n", ":5\r\n", ok)}, []string{"8 bob", "8 alice"}, "alice", false},

		{"subscribe in RESP2", []step{
			c("AUTH bob p", "SUBSCRIBE a b", "AUTH alice p"),
			r(ok, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"),
			r("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$3\r\n+OK\r\n", "-ERR Can't execute 'auth': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n"),
			c("PING", "UNSUBSCRIBE"), r("*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
			r("*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$2\r\nhi\r\n"),
			r("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"),
			c("LRANGE l 0 -1", "AUTH alice p"), r("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", ok),
		}, []string{"8 bob", "8 alice"}, "alice", false},
		{"subscribe in RESP3", []step{
			c("HELLO 3 AUTH bob p", "SUBSCRIBE a b", "AUTH alice p", "UNSUBSCRIBE", "PUNSUBSCRIBE", "AUTH carl p"),
			r(hello3(), ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"),
			r(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", ok, ">3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"),
			r(">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n>3\r\n$12\r\npunsubscribe\r\n_\r\n:0\r\n", wrong),
		}, []string{"8 bob", "8 alice", "0 carl"}, "alice", false},
		{"unsubscribe from nothing", []step{c("AUTH bob p", "UNSUBSCRIBE", "UNSUBSCRIBE x y", "AUTH alice p"), r(ok, "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n", "*3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:0\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\ny\r\n:0\r\n", ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"subscribe is refused", []step{c("SUBSCRIBE a b", "SUBSCRIBE", "AUTH bob p"), r(noAuth, "-ERR wrong number of arguments for 'subscribe' command\r\n", ok)}, []string{"8 bob"}, "bob", false},
		{"subscribe in a transaction", []step{c("HELLO 3 AUTH bob p", "MULTI", "SUBSCRIBE a b", "GET a", "EXEC", "AUTH alice p"), r(hello3(), ok, queued, queued, "*2\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n", "_\r\n", ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"what looks like a message in a transaction", []step{c("AUTH bob p", "MULTI", "SUBSCRIBE a", "LRANGE l 0 -1", "AUTH alice p", "EXEC", "RESET"), r(ok, ok, queued, queued, queued, "*3\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", "*2\r\n$7\r\nmessage\r\n$2\r\nok\r\n", wrong, resetOK)}, []string{"8 bob"}, "", true},
		{"reset ends subscriptions", []step{c("AUTH bob p", "SUBSCRIBE a", "RESET", "AUTH bob p", "LRANGE l 0 -1", "AUTH alice p"), r(ok, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", resetOK, ok, "*1\r\n$7\r\nmessage\r\n", ok)}, []string{"8 bob", "8 bob", "8 alice"}, "alice", false},
		{"a slot moves", []step{c("HELLO 3 AUTH bob p", "SSUBSCRIBE a", "AUTH alice p"), r(hello3(), ">3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n", ok)}, []string{"8 bob", "8 alice"}, "alice", false},

		{"monitor", []step{c("AUTH bob p", "MONITOR", "AUTH alice p", "RESET", "AUTH bob p"), r(ok, ok, "+1700000000.1 [0 127.0.0.1:1] \"get\" \"a\"\r\n", ok, "+1700000000.2 [0 127.0.0.1:1] \"get\" \"a\"\r\n", resetOK, wrong)}, []string{"8 bob", "8 alice", "0 bob"}, "", false},
		{"monitor, twice", []step{c("AUTH bob p", "MONITOR", "MONITOR", "AUTH alice p"), r(ok, ok, wrong)}, []string{"8 bob", "0 alice"}, "bob", false},
		{"sync", []step{c("AUTH bob p", "SYNC", "AUTH alice p"), r(ok, "\n\n$5\r\nREDIS", ok)}, []string{"8 bob"}, "", true},
		{"psync", []step{c("AUTH bob p", "PSYNC ? -1"), r(ok, "+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 0\r\n$5\r\nREDIS", ok)}, []string{"8 bob"}, "", true},
		{"psync is refused", []step{c("PSYNC ? -1", "AUTH bob p"), r(noAuth, ok)}, []string{"8 bob"}, "bob", false},
		{"replconf", []step{c("AUTH bob p", "REPLCONF capa eof", "REPLCONF ACK 5", "REPLCONF capa eof getack x", "AUTH alice p"), r(ok, ok, ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"replconf is refused", []step{c("REPLCONF ACK 5", "AUTH bob p"), r(noAuth, ok)}, []string{"8 bob"}, "bob", false},
		{"quit", []step{c("AUTH bob p", "QUIT", "AUTH alice p"), r(ok, ok)}, []string{"8 bob"}, "bob", false},
		{"a command that waits", []step{c("AUTH bob p", "BLPOP l 1", "AUTH alice p"), r(ok), r("*-1\r\n"), r(ok)}, []string{"8 bob", "8 alice"}, "alice", false},

		{"types of RESP3", []step{
			c("HELLO 3 AUTH bob p", "a", "a", "a", "a", "a", "a", "a", "a", "a", "AUTH alice p"),
			r(hello3(), "_\r\n", "#t\r\n", ",1.5\r\n", "(123456789012345678901234567890\r\n", "!5\r\nERR x\r\n", "=7\r\ntxt:abc\r\n", "%1\r\n+a\r\n*2\r\n:1\r\n~2\r\n:1\r\n$1\r\na\r\n"),
			r("|1\r\n+ttl\r\n:5\r\n$1\r\nx\r\n", "*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", ok),
		}, []string{"8 bob", "8 alice"}, "alice", false},
		{"an attribute before auth", []step{c("HELLO 3 AUTH bob p", "AUTH alice p", "AUTH carl p"), r(hello3(), "|1\r\n+ttl\r\n-ERR x\r\n|0\r\n", wrong, ok)}, []string{"8 bob", "0 alice", "8 carl"}, "carl", false},
		{"streams", []step{
			c("HELLO 3 AUTH bob p", "a", "a", "a", "AUTH alice p"),
			r(hello3(), "$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", "*?\r\n:1\r\n*2\r\n:1\r\n%?\r\n+a\r\n$?\r\n;0\r\n.\r\n|1\r\n+a\r\n+b\r\n*0\r\n.\r\n", "*2\r\n~?\r\n.\r\n:1\r\n", ok),
		}, []string{"8 bob", "8 alice"}, "alice", false},
		{"pushes between", []step{c("HELLO 3 AUTH bob p", "GET a", "AUTH alice p"), r(hello3(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n", null, ">2\r\n$10\r\ninvalidate\r\n_\r\n", ok)}, []string{"8 bob", "8 alice"}, "alice", false},
		{"a push inside", []step{c("HELLO 3 AUTH bob p", "MULTI", "GET a", "EXEC", "AUTH alice p"), r(hello3(), ok, queued, "*1\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n", null, ok)}, []string{"8 bob", "8 alice"}, "alice", false},
	}
}

func TestTranscripts(t *testing.T) {
	for _, tr := range transcripts() {
		t.Run(tr.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			for name, cut := range map[string]func(string) []string{"whole": whole, "bytes": bytesOf, "random": randomly(rnd)} {
				w := watchNew(&Counts{})
				w.feed(tr.steps, cut)
				if !slices.Equal(w.events, tr.want) {
					t.Errorf("%s: told %q, want %q", name, w.events, tr.want)
				}
				if w.User() != tr.user || w.Blind() != tr.blind {
					t.Errorf("%s: user %q, blind %v, want %q, %v", name, w.User(), w.Blind(), tr.user, tr.blind)
				}
			}
		})
	}
}
