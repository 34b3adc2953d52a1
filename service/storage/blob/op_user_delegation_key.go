package blob

import "reslog/service/storage"

// userDelegationKey is "Get User Delegation Key", from 2018-11-09 on: see
// storage.Call.WriteUserDelegationKey.
func (s *Service) userDelegationKey(c *storage.Call) error {
	raw, err := readBody(c, storage.MaxKeyInfoBody)
	if err != nil {
		return err
	}
	return c.WriteUserDelegationKey(raw)
}
