package blob

import (
	"net/http"

	"reslog/service/storage"
)

// accountInformation is "Get Account Information": GET or HEAD
// /?restype=account&comp=properties, also on a container or blob, from
// 2018-03-28 on.
func (s *Service) accountInformation(c *storage.Call) error {
	h := answer(c)
	h.set("X-Ms-Sku-Name", "Standard_LRS")
	h.set("X-Ms-Account-Kind", "StorageV2")
	if c.Version >= storage.V2019_07_07 {
		h.set("X-Ms-Is-Hns-Enabled", "false")
	}
	return finish(c, h, http.StatusOK)
}
