package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/rogpeppe/go-internal/testscript"

	"reslog/client"
)

// scriptLimit bounds what a script's command waits for, on a machine that has other work.
const scriptLimit = 2 * time.Minute

// The scenarios of testdata run the real main. Beside the commands of
// testscript they have
//
//	ready FOLDER          waits for the node of a data folder that was started in
//	                      the background; sets RESLOG_DATA, BLOB_URL, ADMIN_URL and
//	                      AZURE_STORAGE_CONNECTION_STRING for what follows; DEV and,
//	                      if there is an account of the name logs, LOGS are the
//	                      connection strings to choose from
//	blob VERB ARGS        makes requests with the Azure SDK, see blobCommand;
//	queue, table          likewise, see queueCommand and tableCommand
//	redis VERB ARGS       connects to the Redis address, see redisCommand
//	post URL STATUS       sends a POST without a body, and wants the status
//	settle                waits until all that was recorded is in $logs
//	delivered N           waits until all settings together have delivered N records
//	waitfor N             waits until N tails follow the node
//	busyport NAME         takes a port for the script's life and puts its address
//	                      into the variable NAME
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("RESLOG_BLOB_ADDR", "127.0.0.1:0")
			env.Setenv("RESLOG_QUEUE_ADDR", "127.0.0.1:0")
			env.Setenv("RESLOG_TABLE_ADDR", "127.0.0.1:0")
			env.Setenv("RESLOG_REDIS_ADDR", "127.0.0.1:0")
			env.Setenv("RESLOG_SIGNALR_ADDR", "127.0.0.1:0")
			env.Setenv("RESLOG_CONTROL_ADDR", "127.0.0.1:0")
			env.Setenv("RESLOG_ADMIN_ADDR", "127.0.0.1:0")
			env.Setenv("RESLOG_FLUSH_INTERVAL", "100ms")
			env.Values[redisConnsKey{}] = redisConns{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready":     readyCommand,
			"blob":      blobCommand,
			"queue":     queueCommand,
			"table":     tableCommand,
			"redis":     redisCommand,
			"post":      postCommand,
			"settle":    settleCommand,
			"delivered": deliveredCommand,
			"busyport":  busyPortCommand,
			"waitfor":   waitForCommand,
		},
	})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"reslog": main})
}

// eventually calls fn until it returns nil or the time is up.
func eventually(ts *testscript.TestScript, what string, fn func() error) {
	var err error
	for deadline := time.Now().Add(scriptLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = fn(); err == nil {
			return
		}
	}
	ts.Fatalf("%s: %v", what, err)
}

func readyCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready folder")
	}
	folder := ts.MkAbs(args[0])
	var endpoints struct{ Blob, Queue, Table, Admin, SignalR string }
	eventually(ts, "wait for the node", func() error {
		raw, err := os.ReadFile(filepath.Join(folder, "endpoints.json"))
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, &endpoints)
	})
	n, err := client.FindNode(client.NodeConfig{Data: folder})
	ts.Check(err)
	keys, err := n.Keys(context.Background(), client.DevAccount)
	ts.Check(err)
	ts.Setenv("RESLOG_DATA", folder)
	ts.Setenv("BLOB_URL", endpoints.Blob)
	ts.Setenv("ADMIN_URL", endpoints.Admin)
	ts.Setenv("SIGNALR_URL", endpoints.SignalR)
	connection := func(account, key string) string {
		return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%[3]s/%[1]s;QueueEndpoint=%[4]s/%[1]s;TableEndpoint=%[5]s/%[1]s",
			account, key, endpoints.Blob, endpoints.Queue, endpoints.Table)
	}
	ts.Setenv(connectionVariable, connection(client.DevAccount, keys[0].Value))
	ts.Setenv("DEV", connection(client.DevAccount, keys[0].Value))
	if keys, err := n.Keys(context.Background(), "logs"); err == nil {
		ts.Setenv("LOGS", connection("logs", keys[0].Value))
	}
}

func postCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: post url status")
	}
	resp, err := http.Post(args[0], "", http.NoBody) //nolint:gosec // the script says where to
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if got := fmt.Sprint(resp.StatusCode); got != args[1] {
		ts.Fatalf("POST %s: %s, want %s", args[0], got, args[1])
	}
}

func settleCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: settle")
	}
	n, err := client.FindNode(client.NodeConfig{Data: ts.Getenv("RESLOG_DATA")})
	ts.Check(err)
	var last uint64
	quiet := 0
	eventually(ts, "wait for $logs", func() error {
		deliveries, err := n.Deliveries(context.Background())
		if err != nil {
			return err
		}
		var delivered uint64
		for _, d := range deliveries {
			if d.Accepted != d.Delivered {
				quiet = 0
				return fmt.Errorf("%d records accepted, %d delivered", d.Accepted, d.Delivered)
			}
			delivered += d.Delivered
		}
		// Nothing more came for a while: what was on its way has arrived.
		if quiet++; delivered != last {
			quiet, last = 0, delivered
		}
		if quiet < 20 {
			return errors.New("records still arrive")
		}
		return nil
	})
}

func busyPortCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: busyport name")
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ln.Close() })
	ts.Setenv(args[0], ln.Addr().String())
}

// waitForCommand waits until so many tails follow the node: it counts the
// requests of the local API that run.
func waitForCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor number")
	}
	eventually(ts, "wait for the tails", func() error {
		resp, err := http.Get(ts.Getenv("ADMIN_URL") + "/metrics")
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if want := "reslog_tails " + args[0] + "\n"; !strings.Contains(string(body), want) {
			return fmt.Errorf("metrics have no %q", want)
		}
		return nil
	})
}

// blobCommand is
//
//	blob create CONTAINER
//	blob put CONTAINER NAME CONTENT
//	blob get CONTAINER NAME [CONTENT]
//	blob list CONTAINER WANTED…
//	blob some CONTAINER              at least one blob is listed
//	blob delete CONTAINER NAME
//
// and fails as the SDK does; "! blob" wants a refusal.
func blobCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: blob create|put|get|list|some|delete container …")
	}
	opts := &azblob.ClientOptions{}
	opts.Retry.MaxRetries = -1
	c, err := azblob.NewClientFromConnectionString(ts.Getenv(connectionVariable), opts)
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), scriptLimit)
	defer cancel()
	err = blobVerb(ctx, c, args[0], args[1], args[2:])
	if !neg {
		ts.Check(err)
		return
	}
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		ts.Fatalf("blob %s was not refused: %v", strings.Join(args, " "), err)
	}
	ts.Logf("refused: %s", refused.ErrorCode)
}

func blobVerb(ctx context.Context, c *azblob.Client, verb, container string, args []string) error {
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch verb {
	case "create":
		_, err := c.CreateContainer(ctx, container, nil)
		return err
	case "put":
		_, err := c.UploadBuffer(ctx, container, arg(0), []byte(arg(1)), nil)
		return err
	case "get":
		resp, err := c.DownloadStream(ctx, container, arg(0), nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err == nil && len(args) > 1 && string(body) != args[1] {
			return fmt.Errorf("%s is %q", args[0], body)
		}
		return err
	case "list", "some":
		var names []string
		for pages := c.NewListBlobsFlatPager(container, nil); pages.More(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, item := range page.Segment.BlobItems {
				names = append(names, *item.Name)
			}
		}
		if verb == "some" {
			if len(names) == 0 {
				return fmt.Errorf("%s is empty", container)
			}
			return nil
		}
		if got := strings.Join(names, " "); got != strings.Join(args, " ") {
			return fmt.Errorf("%s holds %q", container, got)
		}
		return nil
	case "delete":
		_, err := c.DeleteBlob(ctx, container, arg(0), nil)
		return err
	}
	return fmt.Errorf("verb %q is not known", verb)
}

// Every command has a help that says what it is for, and every flag a text.
func TestHelpIsComplete(t *testing.T) {
	var out, errOut bytes.Buffer
	if status := run([]string{"--help"}, nil, &out, &errOut); status != 0 {
		t.Fatalf("help: status %d, %s", status, errOut.String())
	}
	if !strings.Contains(out.String(), "Exit status") {
		t.Errorf("the help does not say what the exit status means:\n%s", out.String())
	}
	checkHelp(t, newRootCommand())
}
