package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"redial/campaign"
)

const tokenColumns = `id, owner, role, agent_id, created_at, expires_at, used_at, revoked_at, campaigns, permissions, certificate`

func scanToken(r scanner) (campaign.Token, error) {
	var t campaign.Token
	err := r.Scan(&t.ID, &t.Owner, &t.Role, &t.Agent, usTime{&t.CreatedAt}, usTime{&t.ExpiresAt}, usTime{&t.UsedAt}, usTime{&t.RevokedAt},
		listCol{&t.Campaigns}, listCol{&t.Permissions}, &t.Certificate)
	return t, err
}

// CreateToken makes a token and tells its secret this once; the record keeps only its hash. For role agent, and only
// for it, agent names whom it may act for. A zero expires is never. Errors: KindInvalid by field.
func (s *Store) CreateToken(ctx context.Context, owner string, role campaign.Role, agent campaign.AgentID, expires time.Time) (secret string, made campaign.Token, err error) {
	secret = campaign.NewSecret()
	made, err = s.KeepToken(ctx, campaign.Token{Owner: owner, Role: role, Agent: agent, ExpiresAt: expires}, secret)
	if err != nil {
		return "", campaign.Token{}, err
	}
	return secret, made, nil
}

// KeepToken keeps a token with the hash of a secret that was made elsewhere. Errors: KindInvalid by field.
func (s *Store) KeepToken(ctx context.Context, want campaign.Token, secret string) (made campaign.Token, err error) {
	if err := want.Validate(); err != nil {
		return campaign.Token{}, fmt.Errorf("create a token: %w", err)
	}
	err = s.write(ctx, "create a token", func(t *tx) error {
		if err := t.soundToken(&want); err != nil {
			return err
		}
		q := `INSERT INTO tokens (hash, owner, role, agent_id, created_at, expires_at, campaigns, permissions, certificate)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ` + tokenColumns
		made, err = scanToken(t.QueryRowContext(t.ctx, q, campaign.HashSecret(secret), want.Owner, string(want.Role), want.Agent, us(t.now), us(want.ExpiresAt),
			js(list(want.Campaigns)), js(list(want.Permissions)), want.Certificate))
		if err != nil {
			return err
		}
		return t.audit("create_token", fmt.Sprint("token ", made.ID), nil, tokenDeed(&made), "")
	})
	return made, err
}

// soundToken sees that what a new token names is there, and that it does not end before it begins.
func (t *tx) soundToken(want *campaign.Token) error {
	if !want.ExpiresAt.IsZero() && !want.ExpiresAt.After(t.now) {
		return campaign.Invalid("expires_at", "is not after now: leave it out for a token that does not end by itself")
	}
	if want.Agent != 0 {
		if _, err := t.agent(want.Agent, `ag.id = $1`, want.Agent); err != nil {
			return err
		}
	}
	for i, id := range want.Campaigns {
		switch _, err := t.campaign(id, ""); {
		case campaign.KindOf(err) == campaign.KindNotFound:
			return campaign.Invalid(fmt.Sprintf("campaign_ids[%d]", i), fmt.Sprintf("there is no campaign %d", id))
		case err != nil:
			return err
		}
	}
	return nil
}

// tokenDeed is what the audit log keeps of a token.
func tokenDeed(t *campaign.Token) any {
	return struct {
		Owner       string                `json:"owner"`
		Role        campaign.Role         `json:"role"`
		Expires     *time.Time            `json:"expires_at,omitempty"`
		Campaigns   []campaign.CampaignID `json:"campaign_ids,omitempty"`
		Permissions []campaign.Permission `json:"permissions,omitempty"`
		Certificate string                `json:"certificate,omitempty"`
	}{t.Owner, t.Role, set(t.ExpiresAt), t.Campaigns, t.Permissions, t.Certificate}
}

// set is an instant if there is one.
func set(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// TokenBySecret finds the token a secret belongs to, whether or not it is still in force. It is found by the secret's
// hash, which tells nothing about how near a wrong guess was. Error: KindNotFound.
func (s *Store) TokenBySecret(ctx context.Context, secret string) (campaign.Token, error) {
	row := s.reader.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE hash = $1`, campaign.HashSecret(secret))
	tok, err := scanToken(row)
	if errors.Is(err, sql.ErrNoRows) {
		return campaign.Token{}, &campaign.Error{Kind: campaign.KindNotFound, Message: "no such token: ask an admin for one (dialctl token)"}
	}
	if err != nil {
		return campaign.Token{}, doing("look up a token", err)
	}
	return tok, nil
}

// Tokens are all tokens, revoked ones too, newest first.
func (s *Store) Tokens(ctx context.Context) (all []campaign.Token, err error) {
	err = s.peek(ctx, "list tokens", func(t *tx) error {
		all = nil
		return t.each(`SELECT `+tokenColumns+` FROM tokens ORDER BY id DESC`, nil, func(r *sql.Rows) error {
			tok, err := scanToken(r)
			all = append(all, tok)
			return err
		})
	})
	return all, err
}

// RevokeToken ends a token at once; again it changes nothing. Errors: KindNotFound.
func (s *Store) RevokeToken(ctx context.Context, id campaign.TokenID) (tok campaign.Token, err error) {
	err = s.write(ctx, "revoke a token", func(t *tx) error {
		n, err := t.exec(`UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, us(t.now))
		if err != nil {
			return err
		}
		tok, err = scanToken(t.QueryRowContext(t.ctx, `SELECT `+tokenColumns+` FROM tokens WHERE id = $1`, id))
		if err != nil || n == 0 {
			return none(err, "token", id)
		}
		return t.audit("revoke_token", fmt.Sprint("token ", id), nil, tokenDeed(&tok), "")
	})
	return tok, err
}

const revokedSince = `SELECT id FROM tokens WHERE revoked_at > 0 AND revoked_at >= $1 ORDER BY revoked_at, id`

// RevokedSince are the tokens that were revoked at this instant or later, oldest first. A revocation bears the instant at
// which its transaction began, by the clock of the node that ran it: ask for some time more than has passed, for one may
// be committed after a later one was told of.
func (s *Store) RevokedSince(ctx context.Context, since time.Time) (ids []campaign.TokenID, err error) {
	err = s.peek(ctx, "look for revoked tokens", func(t *tx) error {
		ids, err = idsOf[campaign.TokenID](t, revokedSince, us(since))
		return err
	})
	return ids, err
}

// TouchTokens notes when tokens were last used: all of a node's in one statement, about once a minute.
func (s *Store) TouchTokens(ctx context.Context, used map[campaign.TokenID]time.Time) error {
	if len(used) == 0 {
		return nil
	}
	type row struct {
		ID int64 `json:"id"`
		At int64 `json:"at"`
	}
	rows := make([]row, 0, len(used))
	for _, id := range slices.Sorted(maps.Keys(used)) { // nodes lock them in one order
		rows = append(rows, row{int64(id), us(used[id])})
	}
	return s.write(ctx, "note the use of tokens", func(t *tx) error {
		_, err := t.exec(`UPDATE tokens SET used_at = v.at FROM `+t.d.set(1, "v", "id bigint", "at bigint")+
			` WHERE tokens.id = v.id AND tokens.used_at < v.at`, js(rows))
		return err
	})
}
