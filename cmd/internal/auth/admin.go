package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"redial/campaign"
)

// AdminTokenFile is the name of the file in the data folder that holds the first admin token.
const AdminTokenFile = "admin.token"

// AdminTokens is what EnsureAdminToken needs of the record.
type AdminTokens interface {
	Tokens
	// CreateToken keeps a new token with the hash of this secret, and gives it its id and the time.
	CreateToken(ctx context.Context, t campaign.Token, secret string) (campaign.Token, error)
}

// EnsureAdminToken sees to it that the data folder's admin.token, readable by its owner alone, holds an admin token
// that is in force, and says whether it had to make one. A token that was revoked or belongs to another record is
// replaced: whoever may write the folder may administer the server.
func EnsureAdminToken(ctx context.Context, tokens AdminTokens, dir string) (path string, created bool, err error) {
	path = filepath.Join(dir, AdminTokenFile)
	raw, err := os.ReadFile(path)
	switch {
	case err == nil:
		t, err := tokens.TokenBySecret(ctx, strings.TrimSpace(string(raw)))
		if err == nil && t.Role == campaign.RoleAdmin && t.RevokedAt.IsZero() && t.ExpiresAt.IsZero() {
			return path, false, onlyOwner(path)
		}
		if err != nil && campaign.KindOf(err) != campaign.KindNotFound {
			return path, false, fmt.Errorf("check %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return path, false, fmt.Errorf("read the admin token: %w", err)
	}
	secret := campaign.NewSecret()
	if err := writePrivate(dir, path, secret+"\n"); err != nil {
		return path, false, fmt.Errorf("write the admin token: %w", err)
	}
	if _, err := tokens.CreateToken(ctx, campaign.Token{Owner: "admin", Role: campaign.RoleAdmin}, secret); err != nil {
		return path, false, errors.Join(fmt.Errorf("keep the admin token: %w", err), os.Remove(path))
	}
	return path, true, nil
}

// onlyOwner takes the file away from other users, should somebody have copied it about.
func onlyOwner(path string) error {
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("keep other users off the admin token: %w", err)
	}
	return nil
}

// writePrivate replaces path by a file that was never readable by others, not even for an instant.
func writePrivate(dir, path, text string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, AdminTokenFile+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
