package archives_test

import (
	"encoding/json"
	"errors"
	"testing"

	"reslog/analytics/archives"
)

func TestRecords(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, signalRPath, `{"operationName":"A"}`+"\nnonsense\n"+`{"operationName":"B"}`+"\n"+`{"operationName":"C`)
	write(t, folder, "$logs/blob/2011/07/31/1800/000000.log", "1.0;x\n")
	source, err := archives.OpenFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	warnings := 0
	read := func(fn func([]byte) error) error {
		return archives.Records(t.Context(), source, archives.Selection{Services: []string{"signalr"}}, fn, func(archives.Blob, error) { warnings++ })
	}
	err = read(func(line []byte) error {
		var r struct {
			OperationName string `json:"operationName"`
		}
		err := json.Unmarshal(line, &r)
		got += r.OperationName
		return err
	})
	if err != nil || got != "AB" || warnings != 2 {
		t.Errorf("%q, %d warnings, %v", got, warnings, err)
	}
	enough := errors.New("enough")
	if err := read(func([]byte) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}
