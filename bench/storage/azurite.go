package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// azuriteVersion is what is compared with.
const azuriteVersion = "3.35.0"

// azurite returns Azurite's start script, after installing it from npm into the
// user's cache folder when it is not there.
func azurite(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "reslog-bench", "azurite-"+azuriteVersion)
	script := filepath.Join(dir, "node_modules", "azurite", "dist", "src", "azurite.js")
	if _, err := os.Stat(script); err == nil {
		return script, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "installing azurite %s from npm\n", azuriteVersion)
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", "azurite@"+azuriteVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install azurite from npm: %w\n%s", err, out)
	}
	return script, nil
}
