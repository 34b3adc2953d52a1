package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/client"
	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
	"reslog/storagelog"
)

// account is a storage account: the blob service of a node behind a socket.
type account struct {
	connection string
	logs       *container.Client // as the system, which may write `$logs`
	store      blobstore.Store
	server     *http.Server
}

// only is the one account there is.
type only struct{ a *storage.Account }

func (o only) Account(name string) (*storage.Account, bool) { return o.a, name == o.a.Name }

func openAccount(ctx context.Context, dir string) (*account, error) {
	store, err := blobstore.Open(blobstore.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(client.DevKey)
	if err != nil {
		return nil, err
	}
	accounts := only{&storage.Account{
		Name: client.DevAccount,
		ID:   resource.MustParse("/subscriptions/0/resourceGroups/bench/providers/Microsoft.Storage/storageAccounts/" + client.DevAccount),
		Keys: [2][]byte{key, key},
	}}
	front := storage.NewFront(storage.FrontConfig{
		Service:  blob.New(blob.Config{Store: store, Accounts: accounts, Emitter: record.Discard}),
		Accounts: accounts,
		Emitter:  record.Discard,
	})
	a := &account{store: store}
	a.logs, err = container.NewClientWithNoCredential("http://localhost/"+client.DevAccount+"/"+storagelog.ContainerName, &container.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: storage.InProcess(front)}},
	})
	if err != nil {
		return nil, err
	}
	if _, err := a.logs.Create(ctx, nil); err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a.server = &http.Server{Handler: front, ReadHeaderTimeout: time.Minute}
	go a.server.Serve(ln) // until close
	a.connection = fmt.Sprintf("AccountName=%s;AccountKey=%s;BlobEndpoint=http://%s/%[1]s", client.DevAccount, client.DevKey, ln.Addr())
	return a, nil
}

// put writes a log as the log writer does: in blocks of 4 MiB.
func (a *account) put(ctx context.Context, l logFile) error {
	f, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer f.Close()
	metadata := map[string]*string{}
	for name, value := range l.metadata.Map() {
		metadata[name] = to.Ptr(value)
	}
	_, err = a.logs.NewBlockBlobClient(l.name.String()).UploadFile(ctx, f, &blockblob.UploadFileOptions{BlockSize: 4 << 20, Concurrency: 2, Metadata: metadata})
	return err
}

func (a *account) close() {
	a.server.Close()
	a.store.Close()
}
