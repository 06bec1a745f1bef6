package rpc

import (
	"context"
	"fmt"
	"strings"

	"redial/campaign"
	"redial/scheduler"

	pb "redial/proto/scheduler/v1"
)

// ListLawPacks is the packs that can be switched on, by name, or the one that is asked for.
func (s *Server) ListLawPacks(_ context.Context, r *pb.ListLawPacksRequest) (*pb.ListLawPacksResponse, error) {
	if s.deps.Law == nil {
		return nil, campaign.Unready("", "this node has no law packs")
	}
	out := &pb.ListLawPacksResponse{}
	var names []string
	for _, p := range s.deps.Law.Packs() {
		names = append(names, p.Name)
		if r.GetName() == "" || r.GetName() == p.Name {
			out.Packs = append(out.Packs, LawPack(p))
		}
	}
	if r.GetName() != "" && len(out.GetPacks()) == 0 {
		return nil, &campaign.Error{
			Kind:    campaign.KindNotFound,
			Message: fmt.Sprintf("no law pack %q: there are %s", r.GetName(), strings.Join(names, ", ")),
		}
	}
	return out, nil
}

// LawPack is a pack as a message.
func LawPack(p *scheduler.LawPack) *pb.LawPack {
	out := &pb.LawPack{Name: p.Name, Version: p.Version, Title: p.Title, Warning: p.Warning}
	for i := range p.Rules {
		out.Rules = append(out.Rules, lawRule(&p.Rules[i]))
	}
	return out
}

func lawRule(r *scheduler.LawRule) *pb.LawRule {
	out := &pb.LawRule{
		Id: r.ID, Text: r.Text, Kind: string(r.Kind), Places: r.Places, From: dateText(r.From), To: dateText(r.To),
		Source: r.Source, Status: "unconfirmed", Checked: dateText(r.Checked),
	}
	if r.Confirmed {
		out.Status = "confirmed"
	}
	for _, p := range r.Purposes {
		out.Purposes = append(out.Purposes, string(p))
	}
	for _, u := range r.Unless {
		out.Unless = append(out.Unless, string(u))
	}
	return out
}

// dateText is a date as YYYY-MM-DD; empty for none.
func dateText(d campaign.Date) string {
	if d == (campaign.Date{}) {
		return ""
	}
	return d.String()
}
