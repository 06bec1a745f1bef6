package wire

import (
	"fmt"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

var campaignStates = states([]campaign.CampaignState{
	campaign.CampaignDraft, campaign.CampaignRunning, campaign.CampaignPaused, campaign.CampaignFinished,
})

// CampaignState is the state as a message.
func CampaignState(s campaign.CampaignState) pb.CampaignState {
	return pb.CampaignState(campaignStates[s])
}

// FromCampaignState is the inverse; empty for none.
func FromCampaignState(s pb.CampaignState) campaign.CampaignState {
	return unstate(campaignStates, int32(s))
}

// FromPromisePolicy is what a message says; empty for nothing said.
func FromPromisePolicy(field string, p pb.PromisePolicy) (campaign.PromisePolicy, error) {
	switch p {
	case pb.PromisePolicy_PROMISE_POLICY_UNSPECIFIED:
		return "", nil
	case pb.PromisePolicy_PROMISE_POLICY_CANCEL:
		return campaign.PromisesCancel, nil
	case pb.PromisePolicy_PROMISE_POLICY_KEEP:
		return campaign.PromisesKeep, nil
	default:
		return "", campaign.Invalid(field, "must be cancel or keep")
	}
}

// Campaign is a campaign as a message, every field set.
func Campaign(c *campaign.Campaign) *pb.Campaign {
	return &pb.Campaign{
		Id: int64(c.ID), Name: c.Name, State: CampaignState(c.State), Version: c.Version, Zone: c.Zone, Region: c.Region,
		Rules: Rules(&c.Rules), RulesVersion: c.RulesVersion, Floor: Floor(c.Floor), Script: c.Script, Skills: c.Skills,
		Codes: codes(c.Codes), CreatedAt: Time(c.CreatedAt), UpdatedAt: Time(c.UpdatedAt), MaskNumbers: c.MaskNumbers,
		PreCall: preCall(c.PreCall),
	}
}

// FromCampaign is what people give of a campaign; what is unset is the default. It is not validated yet.
func FromCampaign(m *pb.Campaign) (campaign.Campaign, error) {
	c := campaign.Campaign{
		ID: campaign.CampaignID(m.GetId()), Name: m.GetName(), Version: m.GetVersion(), Zone: m.GetZone(), Region: m.GetRegion(),
		Script: m.GetScript(), Skills: m.GetSkills(), MaskNumbers: m.GetMaskNumbers(),
	}
	var err error
	if c.Rules, err = FromRules(m.GetRules()); err != nil {
		return c, err
	}
	if c.Floor, err = FromFloor(m.GetFloor()); err != nil {
		return c, err
	}
	if c.PreCall, err = fromPreCall(m.GetPreCall()); err != nil {
		return c, err
	}
	c.Codes, err = fromCodes(m.GetCodes())
	return c, err
}

// preCall is who is asked before a call as a message; nobody is nil.
func preCall(p campaign.PreCall) *pb.PreCall {
	if p.Address == "" {
		return nil
	}
	return &pb.PreCall{Address: p.Address, Deadline: Duration(p.Deadline), FailClosed: p.FailClosed, Plaintext: p.Plaintext, TokenName: p.TokenName}
}

func fromPreCall(m *pb.PreCall) (campaign.PreCall, error) {
	if m.GetAddress() == "" {
		return campaign.PreCall{}, nil
	}
	p := campaign.PreCall{Address: m.GetAddress(), FailClosed: m.GetFailClosed(), Plaintext: m.GetPlaintext(), TokenName: m.GetTokenName()}
	var err error
	p.Deadline, err = FromDuration("pre_call.deadline", m.GetDeadline(), campaign.PreCallDeadline)
	return p, err
}

// Floor are floor settings as a message, every field set.
func Floor(f campaign.FloorSettings) *pb.FloorSettings {
	return &pb.FloorSettings{
		FreshShare: f.FreshShare, RemindBefore: Duration(f.RemindBefore), OwnerWait: Duration(f.OwnerWait), Grace: Duration(f.Grace),
		OfferTime: Duration(f.OfferTime), WrapUp: Duration(f.WrapUp), Lease: Duration(f.Lease), Conversation: Duration(f.Conversation),
		CorrectWithin: Duration(f.CorrectWithin),
	}
}

// FromFloor is the inverse; what is unset is the default.
func FromFloor(m *pb.FloorSettings) (campaign.FloorSettings, error) {
	f := campaign.DefaultFloor()
	if m == nil {
		return f, nil
	}
	f.FreshShare = m.GetFreshShare()
	d := durations{prefix: "floor."}
	d.read("remind_before", m.GetRemindBefore(), &f.RemindBefore)
	d.read("owner_wait", m.GetOwnerWait(), &f.OwnerWait)
	d.read("grace", m.GetGrace(), &f.Grace)
	d.read("offer_time", m.GetOfferTime(), &f.OfferTime)
	d.read("wrap_up", m.GetWrapUp(), &f.WrapUp)
	d.read("lease", m.GetLease(), &f.Lease)
	d.read("conversation", m.GetConversation(), &f.Conversation)
	d.read("correct_within", m.GetCorrectWithin(), &f.CorrectWithin)
	return f, d.err
}

func codes(all []campaign.OutcomeCode) []*pb.OutcomeCode {
	out := make([]*pb.OutcomeCode, len(all))
	for i, c := range all {
		out[i] = &pb.OutcomeCode{Code: c.Code, Label: c.Label, Outcome: Outcome(c.Outcome)}
	}
	return out
}

func fromCodes(all []*pb.OutcomeCode) ([]campaign.OutcomeCode, error) {
	out := make([]campaign.OutcomeCode, len(all))
	for i, c := range all {
		o, err := FromOutcome(fmt.Sprintf("codes[%d].outcome", i), c.GetOutcome())
		if err != nil {
			return nil, err
		}
		out[i] = campaign.OutcomeCode{Code: c.GetCode(), Label: c.GetLabel(), Outcome: o}
	}
	return out, nil
}

// LeadCounts are leads by state in the order of the states; a state without leads is left out.
func LeadCounts(counts campaign.LeadCounts) []*pb.LeadCount {
	var out []*pb.LeadCount
	for _, s := range campaign.LeadStates {
		if n := counts[s]; n != 0 {
			out = append(out, &pb.LeadCount{State: LeadState(s), Count: n})
		}
	}
	return out
}
