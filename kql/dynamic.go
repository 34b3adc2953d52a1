package kql

import "encoding/json"

// parseDynamic reads the text of dynamic(…) and gives JSON.
func parseDynamic(text string) (string, error) {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return "", err
	}
	return text, nil
}
