package app_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign/store/storetest/testserver"
	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// A desk waits for its next call at one node while its token is revoked at another: it is told so at once, and
// nothing is lost by it.
func TestADeskThatWaitsIsCutWhenItsTokenIsRevoked(t *testing.T) {
	t.Parallel()
	n := startNodes(t, 2, testserver.Postgres(t), "none")
	n.prepare(1, "ann", "bob")
	desk, admin := dialerpb.NewAgentServiceClient(n.conns[1]), campaignpb.NewAdminServiceClient(n.conns[0])
	if lead, err := n.call(desk, "bob"); err != nil || lead == 0 {
		t.Fatal(lead, err) // there is none left
	}
	made, err := admin.CreateToken(n.ctx, &campaignpb.CreateTokenRequest{Owner: "ann", Role: campaignpb.Role_ROLE_AGENT})
	n.must(err)
	ended := make(chan error, 1)
	go func() {
		_, err := desk.NextCall(showing(t.Context(), made.GetSecret()), &dialerpb.NextCallRequest{Wait: durationpb.New(time.Minute)})
		ended <- err
	}()
	for ready := false; !ready; {
		s, err := desk.GetSession(n.ctx, &dialerpb.GetSessionRequest{Agent: "ann"})
		n.must(err)
		ready = s.GetSession().GetState() == campaignpb.AgentState_AGENT_STATE_READY
	}
	_, err = admin.RevokeToken(n.ctx, &campaignpb.RevokeTokenRequest{Id: made.GetToken().GetId()})
	n.must(err)
	revoked := time.Now()
	if err := <-ended; reasonOf(err) != "TOKEN_REVOKED" {
		t.Errorf("the desk that waits: %v", err)
	}
	if took := time.Since(revoked); took > 2*time.Second {
		t.Errorf("it was cut %v after the revocation", took)
	}
	n.audit()
}
