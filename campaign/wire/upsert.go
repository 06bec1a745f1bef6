package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// FromUpsertItem is an item as it is sent; to is where a new lead goes that says nothing of it. What is wrong with its
// mask stays with it.
func FromUpsertItem(m *pb.UpsertItem, to campaign.CampaignID) campaign.UpsertItem {
	it := campaign.UpsertItem{Position: m.GetPosition(), ExternalID: m.GetExternalId(), Revision: m.GetRevision(), Version: m.GetVersion()}
	switch a := m.GetAction().(type) {
	case *pb.UpsertItem_Upsert:
		it.Action, it.Campaign = campaign.UpsertPut, to
		if id := campaign.CampaignID(a.Upsert.GetCampaignId()); id != 0 {
			it.Campaign = id
		}
		it.Values = fromLeadValues(a.Upsert.GetLead())
		it.Take, it.Fault = fromLeadMask(a.Upsert.GetUpdateMask())
	case *pb.UpsertItem_Move:
		it.Action, it.Campaign = campaign.UpsertMove, campaign.CampaignID(a.Move.GetCampaignId())
	case *pb.UpsertItem_Withdraw:
		it.Action, it.Reason = campaign.UpsertWithdraw, a.Withdraw.GetReason()
	}
	return it
}

func fromLeadValues(m *pb.Lead) campaign.LeadValues {
	return campaign.LeadValues{Name: m.GetName(), Numbers: FromNumbers(m.GetNumbers()), Zones: m.GetZones(),
		Attributes: FromAttributes(m.GetAttributes()), Priority: int(m.GetPriority()), Account: m.GetAccount(), Places: m.GetPlaces()}
}

func fromLeadMask(mask *fieldmaskpb.FieldMask) (take campaign.LeadFields, err error) {
	for _, path := range mask.GetPaths() {
		f := campaign.LeadFieldNames[path]
		if f == 0 {
			return 0, campaign.Invalid("update_mask", fmt.Sprintf("%q cannot be taken: give some of %s", path,
				strings.Join(slices.Sorted(maps.Keys(campaign.LeadFieldNames)), ", ")))
		}
		take |= f
	}
	return take, nil
}

// UpsertResult is the answer to an item as a message, without the code of its error.
func UpsertResult(r *campaign.UpsertResult) *pb.UpsertResult {
	m := &pb.UpsertResult{Position: r.Position, ExternalId: r.ExternalID, Done: pb.UpsertDone(r.Done), LeadId: int64(r.Lead),
		Version: r.Version, Plan: Plan(r.Plan)}
	if e := r.Err; e != nil {
		m.Error = &pb.UpsertError{Reason: e.Reason, Message: e.Error()}
		for _, v := range e.Violations {
			m.Error.Fields = append(m.Error.Fields, &pb.FieldFault{Field: v.Field, Message: v.Message})
		}
		if e.RetryAfter > 0 {
			m.Error.RetryAfter = Duration(e.RetryAfter)
		}
	}
	return m
}
