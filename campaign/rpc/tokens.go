package rpc

import (
	"context"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// CreateToken makes a token and tells its secret this once; one that is a certificate has none.
func (s *AdminServer) CreateToken(ctx context.Context, r *pb.CreateTokenRequest) (*pb.CreateTokenResponse, error) {
	want, err := wire.FromToken(r)
	if err != nil {
		return nil, err
	}
	if want.Role == campaign.RoleAgent {
		a, err := s.agents.AgentByLogin(ctx, want.Owner)
		if err != nil {
			return nil, err
		}
		if !a.Active {
			return nil, campaign.Invalid("owner", "agent "+a.Login+" is inactive: make it active first")
		}
		want.Agent = a.ID
	}
	var made campaign.Token
	secret := ""
	if want.Certificate == "" {
		secret = campaign.NewSecret()
		made, err = s.tokens.KeepToken(ctx, want, secret)
	} else {
		made, err = s.tokens.KeepCertificate(ctx, want)
	}
	if err != nil {
		return nil, err
	}
	return &pb.CreateTokenResponse{Token: wire.Token(&made), Secret: secret}, nil
}

// ListTokens is a page of tokens, newest first.
func (s *AdminServer) ListTokens(ctx context.Context, r *pb.ListTokensRequest) (*pb.ListTokensResponse, error) {
	type query struct{ Revoked bool }
	q := query{r.GetRevoked()}
	size, err := wire.PageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	var before campaign.TokenID
	if err := wire.FromPageToken(r.GetPageToken(), q, &before); err != nil {
		return nil, err
	}
	all, err := s.tokens.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	var rows []campaign.Token
	for _, t := range all {
		if (before == 0 || t.ID < before) && (q.Revoked || t.RevokedAt.IsZero()) {
			rows = append(rows, t)
		}
	}
	rows, next := wire.Cut(rows, size, q, func(t *campaign.Token) any { return t.ID })
	out := &pb.ListTokensResponse{NextPageToken: next}
	for i := range rows {
		out.Tokens = append(out.Tokens, wire.Token(&rows[i]))
	}
	return out, nil
}

// RevokeToken ends a token at once.
func (s *AdminServer) RevokeToken(ctx context.Context, r *pb.RevokeTokenRequest) (*pb.RevokeTokenResponse, error) {
	t, err := s.tokens.RevokeToken(ctx, campaign.TokenID(r.GetId()))
	if err != nil {
		return nil, err
	}
	return &pb.RevokeTokenResponse{Token: wire.Token(&t)}, nil
}

// EndSessions signs somebody out of the pages everywhere.
func (s *AdminServer) EndSessions(ctx context.Context, r *pb.EndSessionsRequest) (*pb.EndSessionsResponse, error) {
	if r.GetOwner() == "" {
		return nil, campaign.Invalid("owner", "is missing: give the owner as token list or the audit log names it")
	}
	n, err := s.tokens.EndWebSessionsOf(ctx, r.GetOwner())
	if err != nil {
		return nil, err
	}
	return &pb.EndSessionsResponse{Ended: int64(n)}, nil
}
