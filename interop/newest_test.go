package interop

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// What the newest SDK can ask for beside what everybody does. It must work or be
// refused; taking a body for something else than it is would be worst.

func TestStructuredMessages(t *testing.T) {
	c := open(t).container(t, nil)
	b := c.NewBlockBlobClient("b")
	_, err := b.Upload(t.Context(), body("content"), &blockblob.UploadOptions{
		TransactionalValidation: blob.TransferValidationTypeComputeStructuredMessageCRC64(1 << 20),
	})
	if err != nil {
		wantRefusal(t, err)
		return
	}
	want(t, "content", get(t, b.BlobClient()), "content")
}

func TestStructuredDownload(t *testing.T) {
	c := open(t).container(t, nil)
	put(t, c, "b", "content")
	r, err := c.NewBlobClient("b").DownloadStream(t.Context(), &blob.DownloadStreamOptions{
		TransactionalValidation: blob.TransferValidationTypeComputeStructuredMessageCRC64(1 << 20),
	})
	if err != nil {
		wantRefusal(t, err)
		return
	}
	drain(t, r.Body)
}

// wantRefusal reports an error that is not a proper refusal of the request.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	var re *azcore.ResponseError
	if !errors.As(err, &re) || re.StatusCode < 400 || re.StatusCode >= 500 || re.ErrorCode == "" {
		t.Errorf("want it to work or to be refused: %v", err)
	}
}

func TestArrowListing(t *testing.T) {
	c := open(t).container(t, nil)
	put(t, c, "a", "1")
	put(t, c, "d/b", "2")
	page, err := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{ResponseFormat: container.StorageResponseFormatArrow}).NextPage(t.Context())
	check(t, err) // the client takes XML for an answer
	want(t, "blobs", len(page.Segment.BlobItems), 2)
	names, _ := list(t, c, &container.ListBlobsFlatOptions{StartFrom: to.Ptr("d/")})
	want(t, "from d/ on", strings.Join(names, " "), "d/b")
}

func TestExpectContinue(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	o := &service.ClientOptions{ClientOptions: once()}
	o.ExpectContinueBehavior = service.ExpectContinueOptions{Mode: service.ExpectContinueModeOn}
	svc, err := service.NewClientWithSharedKeyCredential(g.URL, g.credential(t), o)
	check(t, err)
	cc := svc.NewContainerClient(nameOf(c))
	content := string(noise(3 << 20))
	put(t, cc, "b", content)
	want(t, "content arrived", get(t, cc.NewBlobClient("b")) == content, true)
	_, err = svc.NewContainerClient("nothing-there").NewBlockBlobClient("b").Upload(t.Context(), body(content), nil)
	wantRefusal(t, err)
}

// A refusal must reach the client though it is still sending.
func TestRefusalWhileSending(t *testing.T) {
	g := open(t)
	content := noise(8 << 20)
	for range 5 {
		_, err := g.service(t).NewContainerClient("nothing-there").NewBlockBlobClient("b").Upload(t.Context(), bodyOf(content), nil)
		wantRefusal(t, err)
	}
	// A client that asks whether to go on waits for a moment, not for ever.
	o := &service.ClientOptions{ClientOptions: once()}
	o.ExpectContinueBehavior = service.ExpectContinueOptions{Mode: service.ExpectContinueModeOn}
	o.Transport = &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Nanosecond}}
	impatient, err := service.NewClientWithSharedKeyCredential(g.URL, g.credential(t), o)
	check(t, err)
	for range 5 {
		_, err := impatient.NewContainerClient("nothing-there").NewBlockBlobClient("b").Upload(t.Context(), bodyOf(content), nil)
		wantRefusal(t, err)
	}
	wrong, err := service.NewSharedKeyCredential(g.Account, "d3Jvbmc=")
	check(t, err)
	svc, err := service.NewClientWithSharedKeyCredential(g.URL, wrong, &service.ClientOptions{ClientOptions: once()})
	check(t, err)
	for range 5 {
		_, err = svc.NewContainerClient("nothing-there").NewBlockBlobClient("b").Upload(t.Context(), bodyOf(content), nil)
		wantRefusal(t, err)
	}
}
