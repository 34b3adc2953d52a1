package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// action makes an action of a transaction.
func action(t *testing.T, kind aztables.TransactionType, o object, match ...azcore.ETag) aztables.TransactionAction {
	t.Helper()
	a := aztables.TransactionAction{ActionType: kind, Entity: o.json(t)}
	if len(match) > 0 {
		a.IfMatch = &match[0]
	}
	return a
}

// innerAnswers reads the answers inside the answer to a transaction.
func innerAnswers(t *testing.T, h http.Header, body []byte) (statuses []int, code, message string) {
	t.Helper()
	part := func(contentType string, r io.Reader) *multipart.Reader {
		t.Helper()
		kind, params, err := mime.ParseMediaType(contentType)
		check(t, err)
		want(t, "type of the answer", kind, "multipart/mixed")
		return multipart.NewReader(r, params["boundary"])
	}
	outer, err := part(h.Get("Content-Type"), bytes.NewReader(body)).NextPart()
	check(t, err)
	for inner := part(outer.Header.Get("Content-Type"), outer); ; {
		p, err := inner.NextPart()
		if errors.Is(err, io.EOF) {
			return statuses, code, message
		}
		check(t, err)
		want(t, "type of a part", p.Header.Get("Content-Type"), "application/http")
		resp, err := http.ReadResponse(bufio.NewReader(p), nil)
		check(t, err)
		content, err := io.ReadAll(resp.Body)
		check(t, err)
		statuses = append(statuses, resp.StatusCode)
		if resp.StatusCode >= 400 {
			var e struct {
				Error struct {
					Code    string
					Message struct{ Value string }
				} `json:"odata.error"`
			}
			check(t, json.Unmarshal(content, &e))
			code, message = e.Error.Code, e.Error.Message.Value
		}
	}
}

// wantFailed ends the test unless a transaction failed: the status is that of its one
// inner answer, and the message begins with the number of the action.
func wantFailed(t *testing.T, err error, index, status int, code string) {
	t.Helper()
	var re *azcore.ResponseError
	if !errors.As(err, &re) {
		t.Fatalf("error %v, want %s", err, code)
	}
	want(t, "status of the whole", re.StatusCode, http.StatusAccepted)
	body, err := runtime.Payload(re.RawResponse)
	check(t, err)
	statuses, gotCode, message := innerAnswers(t, re.RawResponse.Header, body)
	if len(statuses) != 1 || statuses[0] != status || gotCode != code {
		t.Fatalf("answers %v %s, want %d %s", statuses, gotCode, status, code)
	}
	if !strings.HasPrefix(message, fmt.Sprint(index, ":")) {
		t.Errorf("message %q, want one of action %d", message, index)
	}
}

func TestTransaction(t *testing.T) {
	c := open(t).table(t)
	ctx := t.Context()
	for _, row := range []string{"merge", "replace", "delete", "upsert"} {
		c.add(t, at("p", row, "a", "1", "b", "1"))
	}
	old := c.add(t, at("p", "conditional", "a", "1"))
	_, err := c.SubmitTransaction(ctx, []aztables.TransactionAction{
		action(t, aztables.TransactionTypeAdd, at("p", "it's new", "a", "2", "L@odata.type", "Edm.Int64", "L", "5")),
		action(t, aztables.TransactionTypeUpdateMerge, at("p", "merge", "a", "2"), azcore.ETagAny),
		action(t, aztables.TransactionTypeUpdateReplace, at("p", "replace", "a", "2"), azcore.ETagAny),
		action(t, aztables.TransactionTypeDelete, at("p", "delete")),
		action(t, aztables.TransactionTypeInsertMerge, at("p", "upsert", "a", "2")),
		action(t, aztables.TransactionTypeInsertReplace, at("p", "upserted", "a", "2")),
		action(t, aztables.TransactionTypeUpdateReplace, at("p", "conditional", "a", "2"), old.ETag),
	}, nil)
	check(t, err)
	for row, wanted := range map[string]string{
		"it's new": "2 <nil>", "merge": "2 1", "replace": "2 <nil>", "upsert": "2 1", "upserted": "2 <nil>", "conditional": "2 <nil>",
	} {
		o := c.get(t, "p", row)
		want(t, row, fmt.Sprint(o["a"], " ", o["b"]), wanted)
	}
	c.missing(t, "p", "delete")
}

// TestTransactionAnswer looks at what the SDK does not show: an answer for each action.
func TestTransactionAnswer(t *testing.T) {
	c := open(t).table(t)
	var answer *http.Response
	ctx := policy.WithCaptureResponse(t.Context(), &answer)
	_, err := c.SubmitTransaction(ctx, []aztables.TransactionAction{
		action(t, aztables.TransactionTypeAdd, at("p", "1")), action(t, aztables.TransactionTypeInsertMerge, at("p", "2")),
	}, nil)
	check(t, err)
	body, err := runtime.Payload(answer)
	check(t, err)
	statuses, _, _ := innerAnswers(t, answer.Header, body)
	want(t, "statuses", fmt.Sprint(statuses), "[204 204]")
	want(t, "ETags", strings.Count(strings.ToLower(string(body)), "etag: w/"), 2)
}

// TestTransactionIsAtomic fails in each way, at the end of actions that would
// succeed, and nothing has changed.
func TestTransactionIsAtomic(t *testing.T) {
	c := open(t).table(t)
	ctx := t.Context()
	old := c.add(t, at("p", "there", "a", "1"))
	_, err := c.UpdateEntity(ctx, at("p", "there", "a", "2").json(t), nil)
	check(t, err)
	good := func(n int) []aztables.TransactionAction {
		var list []aztables.TransactionAction
		for i := range n {
			list = append(list, action(t, aztables.TransactionTypeAdd, at("p", fmt.Sprint("new", i), "a", "1")))
		}
		return list
	}
	unchanged := func(t *testing.T) {
		t.Helper()
		found := c.query(t, "")
		want(t, "rows", rows(found), "there")
		want(t, "a", found[0]["a"], any("2"))
	}
	for _, x := range []struct {
		what   string
		last   aztables.TransactionAction
		status int
		code   string
	}{
		{"exists", action(t, aztables.TransactionTypeAdd, at("p", "there")), 409, "EntityAlreadyExists"},
		{"not there to merge", action(t, aztables.TransactionTypeUpdateMerge, at("p", "nothing"), azcore.ETagAny), 404, "ResourceNotFound"},
		{"not there to replace", action(t, aztables.TransactionTypeUpdateReplace, at("p", "nothing"), azcore.ETagAny), 404, "ResourceNotFound"},
		{"not there to delete", action(t, aztables.TransactionTypeDelete, at("p", "nothing")), 404, "ResourceNotFound"},
		{"changed since, merge", action(t, aztables.TransactionTypeUpdateMerge, at("p", "there", "a", "3"), old.ETag), 412, "UpdateConditionNotSatisfied"},
		{"changed since, replace", action(t, aztables.TransactionTypeUpdateReplace, at("p", "there", "a", "3"), old.ETag), 412, "UpdateConditionNotSatisfied"},
		{"changed since, delete", action(t, aztables.TransactionTypeDelete, at("p", "there"), old.ETag), 412, "UpdateConditionNotSatisfied"},
		{"a row twice", action(t, aztables.TransactionTypeInsertMerge, at("p", "new1", "a", "3")), 400, "InvalidDuplicateRow"},
		{"another partition", action(t, aztables.TransactionTypeAdd, at("q", "r")), 400, "CommandsInBatchActOnDifferentPartitions"},
		{"a property too large", action(t, aztables.TransactionTypeAdd, at("p", "r", "a", strings.Repeat("x", 32<<10+1))), 400, "PropertyValueTooLarge"},
		{"a name that is none", action(t, aztables.TransactionTypeAdd, at("p", "r", "a-b", "1")), 400, "PropertyNameInvalid"},
	} {
		t.Run(x.what, func(t *testing.T) {
			_, err := c.SubmitTransaction(ctx, append(good(3), x.last), nil)
			wantFailed(t, err, 3, x.status, x.code)
			unchanged(t)
		})
	}
	t.Run("101 actions", func(t *testing.T) {
		_, err := c.SubmitTransaction(ctx, good(101), nil)
		var re *azcore.ResponseError
		if !errors.As(err, &re) {
			t.Fatalf("error %v", err)
		}
		unchanged(t)
	})
	t.Run("more than 4 MiB", func(t *testing.T) {
		var list []aztables.TransactionAction
		for i := range 100 {
			list = append(list, action(t, aztables.TransactionTypeAdd, at("p", fmt.Sprint("new", i), "a", strings.Repeat("x", 32<<10), "b", strings.Repeat("x", 32<<10))))
		}
		_, err := c.SubmitTransaction(ctx, list, nil)
		if !hasCode(err, "RequestBodyTooLarge", "ContentLengthExceeded") {
			t.Errorf("error %v", err)
		}
		unchanged(t)
	})
	t.Run("100 actions", func(t *testing.T) {
		_, err := c.SubmitTransaction(ctx, good(100), nil)
		check(t, err)
		want(t, "rows", len(c.query(t, "")), 101)
	})
}

// TestMalformedTransactions sends what is no transaction: it is refused and does
// nothing, and the connection serves the next request.
func TestMalformedTransactions(t *testing.T) {
	g := open(t)
	c := g.table(t)
	insert := "POST " + g.TableURL + "/" + c.Name + " HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json;odata=minimalmetadata\r\n\r\n" +
		`{"PartitionKey":"p","RowKey":"r"}`
	part := "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
	whole := "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" + part + insert + "\r\n--c--\r\n--b--\r\n"
	post := func(contentType, content string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.TableURL+"/$batch", strings.NewReader(content))
		check(t, err)
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Accept", "application/json;odata=minimalmetadata")
		req.Header.Set("DataServiceVersion", "3.0")
		g.signTable(t, req, "2021-12-02", "SharedKey")
		status, _, answer := statusOf(t, req)
		return status, answer
	}
	for what, content := range map[string]string{
		"empty": "", "junk": "what is this", "another boundary": strings.ReplaceAll(whole, "--b", "--x"), "cut": whole[:len(whole)/2],
		"no change set": "--b\r\n" + part + insert + "\r\n--b--\r\n", "no end": strings.TrimSuffix(whole, "--b--\r\n"),
		"a change set in a change set": "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n--d\r\n" + part + insert + "\r\n--d--\r\n--c--\r\n--b--\r\n",
		"no request in it":             strings.Replace(whole, insert, "hello", 1), "another service in it": strings.Replace(whole, g.TableURL+"/"+c.Name, "http://example.com/x", 1),
		"no JSON in it": strings.Replace(whole, `{"PartitionKey"`, `{{"PartitionKey"`, 1), "a thousand parts": strings.Repeat("--b\r\n\r\n\r\n", 1000) + "--b--\r\n",
	} {
		status, answer := post("multipart/mixed; boundary=b", content)
		inner := strings.Contains(answer, "HTTP/1.1 4")
		if status < 400 && !inner || status >= 500 || strings.Contains(answer, "HTTP/1.1 2") {
			t.Errorf("%s: %d %s", what, status, answer)
		}
	}
	status, answer := post("text/plain", whole)
	if status < 400 || status >= 500 {
		t.Errorf("of another type: %d %s", status, answer)
	}
	want(t, "entities", len(c.query(t, "")), 0)
	status, answer = post("multipart/mixed; boundary=b", whole)
	if status != http.StatusAccepted || !strings.Contains(answer, "HTTP/1.1 201") {
		t.Errorf("the transaction itself: %d %s", status, answer)
	}
	want(t, "entities", len(c.query(t, "")), 1)
}
