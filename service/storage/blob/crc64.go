package blob

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/minio/crc64nvme"
)

// The CRC64 of Azure Storage is "CRC-64/NVME" in the catalogues of checksums:
// polynomial 0xAD93D23594C93659 (reflected 0x9A6C9329AC4BC9B5), initial value
// and final xor all ones. The library folds with carry-less multiplication, ten
// times faster than tables; every put pays for it.

// crc64Update adds p to a checksum, which starts at 0.
func crc64Update(crc uint64, p []byte) uint64 { return crc64nvme.Update(crc, p) }

// crc64Text is the form in headers: base64 of the bytes, least significant first.
func crc64Text(crc uint64) string {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], crc)
	return base64.StdEncoding.EncodeToString(raw[:])
}
