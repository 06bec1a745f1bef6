package wire

import (
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
	}
}
