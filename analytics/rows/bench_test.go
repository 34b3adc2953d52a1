package rows

import (
	"testing"

	"reslog/resource"
)

// A record of storage in its table and in the shared one.
func BenchmarkLine(b *testing.B) {
	o := Origin{Resource: resource.MustParse(storageID), Category: "StorageRead"}
	for name, cfg := range map[string]Config{"dedicated": {Dedicated: true}, "diagnostics": {}} {
		b.Run(name, func(b *testing.B) {
			builder := NewBuilder(cfg)
			line := []byte(blobLine)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := builder.Line(line, o); err != nil {
					b.Fatal(err)
				}
				if i%1000 == 999 {
					builder.Take()
				}
			}
		})
	}
}
