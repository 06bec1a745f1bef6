package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// readJSON is the file's text, which is JSON; the error names the line that is not.
func readJSON(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, badInput("%v", err)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		line := 1 + bytes.Count(raw, []byte("\n"))
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			line = 1 + bytes.Count(raw[:min(int(e.Offset), len(raw))], []byte("\n"))
		}
		return nil, badInput("%s, line %d is not JSON: %v", file, line, err)
	}
	return raw, nil
}

// readRules reads the rule's fields alone.
func readRules(raw []byte) (*pb.Rules, error) {
	r, err := campaign.ReadRules(raw)
	if err != nil {
		return nil, inFull(err)
	}
	return wire.Rules(&r), nil
}

// readCampaign reads all of a campaign into out, and says which fields it gave.
func readCampaign(raw []byte, out *pb.Campaign) (given []string, err error) {
	err = campaign.StrictObject(raw, func(name string, v []byte) (err error) {
		field := name
		switch name {
		case "zone":
			out.Zone, err = campaign.StrictString(v)
		case "region":
			out.Region, err = campaign.StrictString(v)
		case "script":
			out.Script, err = campaign.StrictString(v)
		case "rules":
			out.Rules, err = readRules(v)
		case "skills":
			out.Skills, err = campaign.StrictEach(v, campaign.StrictString)
		case "codes", "outcome_codes":
			field = "codes"
			out.Codes, err = campaign.StrictEach(v, readCode)
		case "floor", "floor_settings":
			field = "floor"
			out.Floor, err = readFloor(v)
		case "pre_call":
			out.PreCall, err = readPreCall(v)
		default:
			return campaign.Invalid("", "unknown field: a campaign has zone, region, rules, script, skills, codes, floor and pre_call")
		}
		given = append(given, field)
		return err
	})
	return given, inFull(err)
}

func readCode(raw []byte) (*pb.OutcomeCode, error) {
	code := &pb.OutcomeCode{}
	err := campaign.StrictObject(raw, func(name string, v []byte) (err error) {
		switch name {
		case "code":
			code.Code, err = campaign.StrictString(v)
		case "label":
			code.Label, err = campaign.StrictString(v)
		case "outcome":
			var s string
			if s, err = campaign.StrictString(v); err == nil {
				o, bad := campaign.ParseOutcome(s)
				if bad != nil {
					return campaign.Invalid("", fmt.Sprintf("%q is no outcome of the rule of time: give one such as SUCCESS or NO_ANSWER", s))
				}
				code.Outcome = wire.Outcome(o)
			}
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	return code, err
}

// readFloor reads floor settings; the field "floor" is put before the faults by the caller.
func readFloor(raw []byte) (*pb.FloorSettings, error) {
	var f campaign.FloorSettings
	if err := f.UnmarshalJSON(raw); err != nil {
		if e, ok := errors.AsType[*campaign.Error](err); ok {
			bare := *e
			bare.Violations = nil
			for _, v := range e.Violations {
				v.Field = strings.TrimPrefix(strings.TrimPrefix(v.Field, "floor"), ".")
				bare.Violations = append(bare.Violations, v)
			}
			return nil, &bare
		}
		return nil, err
	}
	return &pb.FloorSettings{
		FreshShare: f.FreshShare, RemindBefore: wire.Duration(f.RemindBefore), OwnerWait: wire.Duration(f.OwnerWait),
		Grace: wire.Duration(f.Grace), OfferTime: wire.Duration(f.OfferTime), WrapUp: wire.Duration(f.WrapUp),
		Lease: wire.Duration(f.Lease), Conversation: wire.Duration(f.Conversation), CorrectWithin: wire.Duration(f.CorrectWithin),
	}, nil
}

// inFull gives an error that names several fields a message that tells all of them.
func inFull(err error) error {
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok || e.Message != "" || len(e.Violations) < 2 {
		return err
	}
	full := *e
	var lines []string
	for _, v := range e.Violations {
		lines = append(lines, v.Field+": "+v.Message)
	}
	full.Message = strings.Join(lines, "\n  ")
	return &full
}

// campaignSettings is the campaign as readCampaign takes it.
func campaignSettings(m *pb.Campaign) object {
	all := messageOf(m.ProtoReflect())
	out := object{}
	for _, name := range []string{"zone", "region", "rules", "script", "skills", "codes", "floor", "pre_call"} {
		if v := all.get(name); v != nil {
			out.put(name, v)
		}
	}
	return out
}

// shownMembers are the names and values of an object for people, the value as JSON unless it is plain text.
func shownMembers(v any) []string {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out []string
	_ = campaign.StrictObject(raw, func(name string, value []byte) error { // what was marshalled is an object
		text := string(value)
		if s, err := campaign.StrictString(value); err == nil {
			text = s
		}
		if text != "[]" && text != "{}" {
			out = append(out, "  "+name, text)
		}
		return nil
	})
	return out
}

// machineZone is the zone of this machine by name; UTC when it has none.
func machineZone(env func(string) string) string {
	if zone, ok := campaign.ZoneNamed(env("TZ")); ok {
		return zone
	}
	link, _ := filepath.EvalSymlinks("/etc/localtime") // not everywhere: then the file below, then UTC
	if _, name, ok := strings.Cut(link, "/zoneinfo/"); ok {
		if zone, ok := campaign.ZoneNamed(name); ok {
			return zone
		}
	}
	raw, _ := os.ReadFile("/etc/timezone")
	zone, _ := campaign.ZoneNamed(string(raw))
	return cmp.Or(zone, "UTC")
}
