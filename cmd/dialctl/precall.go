package main

import (
	"flag"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// preCallFlags are whom the server asks before a call, as flags.
type preCallFlags struct {
	address, token    string
	deadline          time.Duration
	closed, plaintext bool
}

func (f *preCallFlags) bind(fs *flag.FlagSet) {
	fs.StringVar(&f.address, "pre-call", "", "ask the CRM at `HOST:PORT` before each call; none: nobody. Replaced whole, with the flags below")
	fs.DurationVar(&f.deadline, "pre-call-deadline", campaign.PreCallDeadline, "how long its answer may take, 50ms to 5s")
	fs.BoolVar(&f.closed, "pre-call-fail-closed", false, "without an answer do not offer the lead, but ask again a minute later")
	fs.BoolVar(&f.plaintext, "pre-call-plaintext", false, "without TLS: to addresses that the server's --allow-targets names alone")
	fs.StringVar(&f.token, "pre-call-token", "", "show the CRM the token of this `NAME` in the server's --pre-call-tokens")
}

// into writes them into a campaign, and says whether any is given.
func (f *preCallFlags) into(m *pb.Campaign) (given bool, err error) {
	switch {
	case f.address == "" && (f.token != "" || f.closed || f.plaintext || f.deadline != campaign.PreCallDeadline):
		return false, misused("--pre-call-… say how the CRM is asked: give its address, too, with --pre-call HOST:PORT")
	case f.address == "":
		return false, nil
	case f.address == "none":
		m.PreCall = nil
		return true, nil
	}
	m.PreCall = &pb.PreCall{Address: f.address, Deadline: wire.Duration(f.deadline), FailClosed: f.closed, Plaintext: f.plaintext, TokenName: f.token}
	return true, nil
}

func readPreCall(raw []byte) (*pb.PreCall, error) {
	p := &pb.PreCall{}
	err := campaign.StrictObject(raw, func(name string, v []byte) (err error) {
		switch name {
		case "address":
			p.Address, err = campaign.StrictString(v)
		case "deadline":
			var d time.Duration
			d, err = campaign.StrictDuration(v)
			p.Deadline = wire.Duration(d)
		case "fail_closed":
			p.FailClosed, err = campaign.StrictBool(v)
		case "plaintext":
			p.Plaintext, err = campaign.StrictBool(v)
		case "token_name":
			p.TokenName, err = campaign.StrictString(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	return p, err
}

// preCallText tells who is asked, and what happens without an answer; empty: nobody is.
func preCallText(p *pb.PreCall) string {
	if p.GetAddress() == "" {
		return ""
	}
	text := p.GetAddress() + ", within " + campaign.Duration(p.GetDeadline().AsDuration()) + "; without an answer "
	if p.GetFailClosed() {
		return text + "nothing is offered"
	}
	return text + "the lead is offered"
}
