package storagelog_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"reslog/storagelog"
)

const log = `1.0;2014-06-19T22:59:23.1967767Z;GetBlob;AnonymousSuccess;200;17;16;anonymous;;storagesample;blob;"https://storagesample.blob.core.windows.net/sample-container1/00001.txt";"/storagesample/sample-container1/00001.txt";61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2;0;192.100.0.102:4362;2014-02-14;283;0;354;23;0;;;"&quot;0x8D15A2913C934DE&quot;";Thursday, 19-Jun-14 22:58:10 GMT;;"WA-Storage/4.0.1";;"44dfd78e"
1.0;2014-06-19T23:01:00.0000000Z;GetBlob;ThrottlingError;503;2900;2;authenticated;storagesample;storagesample;blob;"https://storagesample.blob.core.windows.net/sample-container1/00002.txt";"/storagesample/sample-container1/00002.txt";7bd2e3f6-bcb7-4cd1-a81e-4f8f497f0da2;0;192.100.0.102:4362;2014-02-14;283;0;354;23;0;;;;;;"WA-Storage/4.0.1";;
`

func ExampleReader() {
	r := storagelog.NewReader(strings.NewReader(log), storagelog.Strict)
	for {
		var e storagelog.Entry
		err := r.Read(&e)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.StartTime.Format(time.TimeOnly), e.Operation, e.Status, e.ETag)
	}
	// Output:
	// 22:59:23 GetBlob AnonymousSuccess "0x8D15A2913C934DE"
	// 23:01:00 GetBlob ThrottlingError
}

func ExampleFilter_Scan() {
	slow, err := storagelog.ParseCondition("latency>=1000")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := storagelog.NewFilter(storagelog.FilterConfig{Text: "GetBlob", Where: []storagelog.Condition{slow}})
	if err != nil {
		fmt.Println(err)
		return
	}
	stats, err := f.Scan(strings.NewReader(log), func(line []byte) error {
		fmt.Println(string(line[:31]))
		return nil
	})
	fmt.Println(stats.Matched, err)
	// Output:
	// 1.0;2014-06-19T23:01:00.0000000
	// 1 <nil>
}

func ExampleWriter() {
	w := storagelog.NewWriter(os.Stdout)
	err := w.Write(&storagelog.Entry{
		Version: storagelog.V1, StartTime: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Operation: "PutBlob", Status: "Success", HTTPStatus: "201",
		AuthType: "sas", OwnerAccount: "acct", Service: "blob", URL: `https://acct.example/c/";"?timeout=1&x`, ObjectKey: `/acct/c/";"`,
		RequestHeaderSize: storagelog.NoSize, RequestPacketSize: storagelog.NoSize, ResponseHeaderSize: storagelog.NoSize,
		ResponsePacketSize: storagelog.NoSize, ContentLength: storagelog.NoSize,
	})
	fmt.Println(errors.Join(err, w.Flush()))
	// Output:
	// 1.0;2026-03-04T05:06:07.0000000Z;PutBlob;Success;201;0;0;sas;;acct;blob;"https://acct.example/c/&quot;;&quot;?timeout=1&amp;x";"/acct/c/&quot;;&quot;";;0;;;;;;;;;;;;;;;
	// <nil>
}

func ExampleLogName() {
	name := storagelog.LogName{Service: storagelog.Blob, Hour: time.Date(2011, 7, 31, 18, 0, 0, 0, time.UTC), Counter: 1}
	fmt.Println(name)
	// Output: blob/2011/07/31/1800/000001.log
}
