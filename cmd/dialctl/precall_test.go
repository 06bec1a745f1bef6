package main

import (
	"flag"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "redial/proto/campaign/v1"
)

func TestWhomToAskIsReadFromFlagsAndFiles(t *testing.T) {
	want := &pb.PreCall{Address: "crm:443", Deadline: durationpb.New(300 * time.Millisecond), FailClosed: true, TokenName: "crm"}
	for name, test := range map[string]struct {
		args  []string
		want  *pb.PreCall
		given bool
		fails bool
	}{
		"nothing":        {},
		"all":            {args: []string{"--pre-call", "crm:443", "--pre-call-deadline", "300ms", "--pre-call-fail-closed", "--pre-call-token", "crm"}, want: want, given: true},
		"nobody":         {args: []string{"--pre-call", "none"}, given: true},
		"not whom":       {args: []string{"--pre-call-token", "crm"}, fails: true},
		"not whom, time": {args: []string{"--pre-call-deadline", "2s"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			fs := flag.NewFlagSet("x", flag.ContinueOnError)
			f := bindCampaignFlags(fs)
			if err := fs.Parse(test.args); err != nil {
				t.Fatal(err)
			}
			m, given, err := f.settings()
			if (err != nil) != test.fails {
				t.Fatal(err)
			}
			if len(given) > 0 != test.given || !proto.Equal(m.GetPreCall(), test.want) && !test.fails {
				t.Errorf("got %v, given %v", m.GetPreCall(), given)
			}
		})
	}
	var file pb.Campaign
	if given, err := readCampaign([]byte(`{"pre_call":{"address":"crm:443","deadline":"300ms","fail_closed":true,"token_name":"crm"}}`), &file); err != nil ||
		len(given) != 1 || !proto.Equal(file.GetPreCall(), want) {
		t.Errorf("got %v, %v, %v", file.GetPreCall(), given, err)
	}
	if got, want := preCallText(want), "crm:443, within 300ms; without an answer nothing is offered"; got != want {
		t.Errorf("told %q", got)
	}
	raw, err := campaignSettings(&file).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var again pb.Campaign
	if _, err := readCampaign(raw, &again); err != nil || !proto.Equal(again.GetPreCall(), want) {
		t.Errorf("%s reads back as %v, %v", raw, again.GetPreCall(), err)
	}
}
