package queue

import "reslog/service/storage"

// userDelegationKey is "Get User Delegation Key", from 2025-07-05 on: see
// storage.Call.WriteUserDelegationKey.
func (s *Service) userDelegationKey(c *storage.Call) error {
	raw, err := c.ReadBody(nil)
	if err != nil {
		return err
	}
	return c.WriteUserDelegationKey(raw)
}
