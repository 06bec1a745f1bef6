package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"redial/campaign"
)

// TokenByCertificate finds the token that was made with the name of a client certificate, whether or not it is still in
// force: the one that is, else the one that was revoked last. Error: KindNotFound.
func (s *Store) TokenByCertificate(ctx context.Context, name string) (campaign.Token, error) {
	none := &campaign.Error{Kind: campaign.KindNotFound, Message: "no token was made with this name of a certificate"}
	if name == "" {
		return campaign.Token{}, none
	}
	tok, err := scanToken(s.reader.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE certificate = $1
		ORDER BY CASE WHEN revoked_at = 0 THEN 0 ELSE 1 END, revoked_at DESC, id DESC LIMIT 1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return campaign.Token{}, none
	}
	if err != nil {
		return campaign.Token{}, doing("look up a token by its certificate", err)
	}
	return tok, nil
}

// KeepCertificate keeps a token that is the client certificate named in it, and has no secret that anybody knows. A name is
// of one token in force at a time. Errors: KindInvalid by field; KindConflict.
func (s *Store) KeepCertificate(ctx context.Context, want campaign.Token) (campaign.Token, error) {
	if want.Certificate == "" {
		return campaign.Token{}, campaign.Invalid("certificate", "is missing: give the name of a client certificate")
	}
	made, err := s.KeepToken(ctx, want, campaign.NewSecret())
	if duplicate(err) {
		return campaign.Token{}, campaign.Conflict("",
			fmt.Sprintf("another token in force is the certificate %q already: revoke it first, or give this one another name", want.Certificate))
	}
	return made, err
}
