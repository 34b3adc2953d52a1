package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"reslog/internal/urlerr"
)

// call makes a request to the local API and reads the answer, one JSON value.
func (n *Node) call(ctx context.Context, method, path string, body, answer any) error {
	resp, err := n.send(ctx, method, "/local/v1/"+path, body)
	if err != nil {
		return err
	}
	return decodeAnswer(resp, answer)
}

// ARM makes a request to the node's Resource Manager: path begins with a slash
// and has no query, which is version and q. It reads the answer into answer,
// unless that is nil or there is none. A refusal is a *NodeError.
func (n *Node) ARM(ctx context.Context, method, path, version string, q url.Values, body, answer any) error {
	query := url.Values{"api-version": {version}}
	for name, values := range q {
		query[name] = values
	}
	u := url.URL{Path: path, RawQuery: query.Encode()}
	resp, err := n.send(ctx, method, u.String(), body)
	if err != nil {
		return err
	}
	return decodeAnswer(resp, answer)
}

// list reads a list of Resource Manager, page by page.
func list[T any](ctx context.Context, n *Node, path, version string, q url.Values) ([]T, error) {
	var all []T
	for {
		var page struct {
			Value    []T    `json:"value"`
			NextLink string `json:"nextLink"`
		}
		if err := n.ARM(ctx, http.MethodGet, path, version, q, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		if page.NextLink == "" {
			return all, nil
		}
		next, err := url.Parse(page.NextLink)
		if err != nil {
			return nil, err
		}
		q = next.Query()
	}
}

func decodeAnswer(resp *http.Response, answer any) error {
	defer resp.Body.Close()
	if answer == nil || resp.StatusCode == http.StatusNoContent {
		_, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer); err != nil {
		return fmt.Errorf("read the node's answer: %w", err)
	}
	return nil
}

// send returns the answer when it is a success, and an error made of it when not.
func (n *Node) send(ctx context.Context, method, target string, body any) (*http.Response, error) {
	return n.sendWith(ctx, http.Header{}, method, target, body)
}

// sendWith is send with headers.
func (n *Node) sendWith(ctx context.Context, header http.Header, method, target string, body any) (*http.Response, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		content = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, n.url+target, content)
	if err != nil {
		return nil, fmt.Errorf("call the node: %w", err)
	}
	r.Header = header
	r.Header.Set("Authorization", "Bearer "+n.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := n.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("call the node at %s: %w", n.url, urlerr.Cause(err))
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, n.refusal(resp)
}

// refusal reads an error in one of the forms that there are: in an "error" object,
// which for a query that is wrong says where, or flat as diagnostic settings have it.
func (n *Node) refusal(resp *http.Response) error {
	type fields struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	var body struct {
		Error QueryError `json:"error"`
		fields
	}
	err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&body)
	if body.Error.Code == "" {
		body.Error = QueryError{Code: body.Code, Message: body.Message}
	}
	if err != nil || body.Error.Code == "" {
		return &NodeError{Status: resp.StatusCode, Code: http.StatusText(resp.StatusCode), Message: "the answer is not the node's: is " + n.url + " its control address?"}
	}
	if body.Error.Inner != nil {
		return &body.Error
	}
	return &NodeError{Status: resp.StatusCode, Code: body.Error.Code, Message: body.Error.Message}
}

// NodeError is a refusal by the node.
type NodeError struct {
	Status        int
	Code, Message string
}

func (e *NodeError) Error() string {
	return fmt.Sprintf("the node answered %d %s: %s", e.Status, e.Code, e.Message)
}
