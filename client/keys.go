package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Key is an account key.
type Key struct {
	Name  string `json:"keyName"` // key1 or key2
	Value string `json:"value"`   // base64
}

const (
	accountType    = "Microsoft.Storage/storageAccounts"
	accountVersion = "2023-01-01"
)

// Accounts lists the storage accounts.
func (n *Node) Accounts(ctx context.Context) ([]Resource, error) {
	subscription, err := n.subscription(ctx)
	if err != nil {
		return nil, err
	}
	return list[Resource](ctx, n, "/subscriptions/"+url.PathEscape(subscription)+"/providers/"+accountType, accountVersion, nil)
}

// subscription is the node's, whether or not its data folder is at hand.
func (n *Node) subscription(ctx context.Context) (string, error) {
	if id := n.defaults.SubscriptionID; id != "" {
		return id, nil
	}
	all, err := list[struct {
		ID string `json:"subscriptionId"`
	}](ctx, n, "/subscriptions", "2022-12-01", nil)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", &NodeError{Status: http.StatusNotFound, Code: "SubscriptionNotFound", Message: "the node has no subscription"}
	}
	return all[0].ID, nil
}

// Keys returns the keys of an account, which is given by its name.
func (n *Node) Keys(ctx context.Context, account string) ([]Key, error) {
	return n.keys(ctx, account, "listKeys", nil)
}

// RegenerateKey draws key1 or key2 of an account anew and returns both keys.
func (n *Node) RegenerateKey(ctx context.Context, account, key string) ([]Key, error) {
	return n.keys(ctx, account, "regenerateKey", map[string]string{"keyName": key})
}

func (n *Node) keys(ctx context.Context, account, action string, body any) ([]Key, error) {
	accounts, err := n.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if !strings.EqualFold(a.Name, account) {
			continue
		}
		var answer struct {
			Keys []Key `json:"keys"`
		}
		err := n.ARM(ctx, http.MethodPost, a.ID+"/"+action, accountVersion, nil, body, &answer)
		return answer.Keys, err
	}
	return nil, &NodeError{Status: http.StatusNotFound, Code: "ResourceNotFound", Message: fmt.Sprintf("there is no storage account %q", account)}
}
