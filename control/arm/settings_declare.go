package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"reslog/resource"
)

// DeclareSetting makes a diagnostic setting exist as a PUT of the older API
// version would, which takes a retention, and does nothing when it does. The
// activity log names the caller "bootstrap".
func (s *Server) DeclareSetting(ctx context.Context, id resource.ID, name string, properties map[string]any) error {
	body, err := json.Marshal(map[string]any{"properties": properties})
	if err != nil {
		return fmt.Errorf("encode the properties: %w", err)
	}
	s.writes.Lock()
	defer s.writes.Unlock()
	a := s.settingsAPI()
	want, err := readSetting(body)
	if err != nil {
		return err
	}
	if there, ok := s.Lookup(id); ok {
		id = there.ID
	}
	set, err := want.setting(name, id)
	if err != nil {
		return err
	}
	if err := a.rules.Check(&set); err != nil {
		return err
	}
	old, err := a.store.Get(id, name)
	if err == nil && bytes.Equal(old.Document, set.Document) {
		return nil
	}
	r, err := s.declaring(ctx, id, settingsType+"/write")
	if err != nil {
		return err
	}
	err = a.record(ctx, r, settingID(&set))
	if err == nil {
		err = a.store.Put(ctx, set)
	}
	return s.conclude(r, http.StatusOK, err)
}
