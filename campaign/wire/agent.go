package wire

import (
	"fmt"
	"slices"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Agent is an agent as a message; names are those of campaigns, as the caller looked them up.
func Agent(a *campaign.Agent, names map[campaign.CampaignID]string) *pb.Agent {
	out := &pb.Agent{
		Id: int64(a.ID), Login: a.Login, Name: a.Name, Skills: a.Skills, Active: a.Active, Version: a.Version, CreatedAt: Time(a.CreatedAt),
	}
	for _, m := range a.Campaigns {
		out.Campaigns = append(out.Campaigns, &pb.Membership{
			CampaignId: int64(m.CampaignID), Weight: int32(m.Weight), CampaignName: names[m.CampaignID],
		})
	}
	return out
}

// FromAgent is what people give of an agent. It is not validated yet.
func FromAgent(m *pb.Agent) campaign.Agent {
	a := campaign.Agent{
		ID: campaign.AgentID(m.GetId()), Login: m.GetLogin(), Name: m.GetName(), Skills: m.GetSkills(), Active: m.GetActive(),
		Version: m.GetVersion(),
	}
	for _, c := range m.GetCampaigns() {
		a.Campaigns = append(a.Campaigns, campaign.Membership{CampaignID: campaign.CampaignID(c.GetCampaignId()), Weight: int(c.GetWeight())})
	}
	return a
}

// Token is what is kept of a token as a message.
func Token(t *campaign.Token) *pb.Token {
	return &pb.Token{
		Id: int64(t.ID), Owner: t.Owner, Role: Role(t.Role), AgentId: int64(t.Agent), CreatedAt: Time(t.CreatedAt), RevokedAt: Time(t.RevokedAt),
		ExpiresAt: Time(t.ExpiresAt), UsedAt: Time(t.UsedAt), CampaignIds: numbersOf(t.Campaigns), Permissions: permissions(t.Permissions),
		Certificate: t.Certificate,
	}
}

func numbersOf(ids []campaign.CampaignID) (out []int64) {
	for _, id := range ids {
		out = append(out, int64(id))
	}
	return out
}

var permissionWords = map[campaign.Permission]pb.Permission{
	campaign.PermitNumbers: pb.Permission_PERMISSION_NUMBERS,
	campaign.PermitPrivacy: pb.Permission_PERMISSION_PRIVACY,
}

func permissions(all []campaign.Permission) (out []pb.Permission) {
	for _, p := range all {
		out = append(out, permissionWords[p])
	}
	return out
}

// FromToken reads what a token is to be, but for its agent: sorted, without repetitions. Errors: KindInvalid by field.
func FromToken(m *pb.CreateTokenRequest) (campaign.Token, error) {
	t := campaign.Token{Owner: m.GetOwner(), Role: FromRole(m.GetRole()), Certificate: campaign.CertificateName(m.GetCertificate())}
	if t.Role == "" {
		return t, campaign.Invalid("role", "is missing: agent, supervisor, manager, crm, quality or admin")
	}
	var err error
	if t.ExpiresAt, err = FromTime("expires_at", m.GetExpiresAt()); err != nil {
		return t, err
	}
	for _, id := range m.GetCampaignIds() {
		t.Campaigns = append(t.Campaigns, campaign.CampaignID(id))
	}
	for i, p := range m.GetPermissions() {
		at := slices.IndexFunc(campaign.Permissions, func(w campaign.Permission) bool { return permissionWords[w] == p })
		if at < 0 {
			return t, campaign.Invalid(fmt.Sprintf("permissions[%d]", i), "is none: give numbers or privacy")
		}
		t.Permissions = append(t.Permissions, campaign.Permissions[at])
	}
	slices.Sort(t.Campaigns)
	slices.Sort(t.Permissions)
	t.Campaigns, t.Permissions = slices.Compact(t.Campaigns), slices.Compact(t.Permissions)
	return t, nil
}
