package auth

import (
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"redial/campaign"
	campaignv1 "redial/proto/campaign/v1"
	dialerv1 "redial/proto/dialer/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

// served is what a server with every service serves.
func served() map[string]grpc.ServiceInfo {
	s := grpc.NewServer()
	campaignv1.RegisterAdminServiceServer(s, campaignv1.UnimplementedAdminServiceServer{})
	campaignv1.RegisterCampaignServiceServer(s, campaignv1.UnimplementedCampaignServiceServer{})
	campaignv1.RegisterListServiceServer(s, campaignv1.UnimplementedListServiceServer{})
	campaignv1.RegisterLeadServiceServer(s, campaignv1.UnimplementedLeadServiceServer{})
	campaignv1.RegisterSuppressionServiceServer(s, campaignv1.UnimplementedSuppressionServiceServer{})
	campaignv1.RegisterReportServiceServer(s, campaignv1.UnimplementedReportServiceServer{})
	campaignv1.RegisterEventServiceServer(s, campaignv1.UnimplementedEventServiceServer{})
	campaignv1.RegisterWebhookServiceServer(s, campaignv1.UnimplementedWebhookServiceServer{})
	schedulerv1.RegisterScheduleServiceServer(s, schedulerv1.UnimplementedScheduleServiceServer{})
	dialerv1.RegisterAgentServiceServer(s, dialerv1.UnimplementedAgentServiceServer{})
	dialerv1.RegisterFloorServiceServer(s, dialerv1.UnimplementedFloorServiceServer{})
	healthpb.RegisterHealthServer(s, health.NewServer())
	reflection.Register(s)
	return s.GetServiceInfo()
}

func TestI11EveryMethodHasARowAndEveryRowAMethod(t *testing.T) {
	t.Parallel()
	if err := Check(served()); err != nil {
		t.Error(err)
	}
	more := served()
	more["campaign.v1.CampaignService"] = grpc.ServiceInfo{
		Methods: append(more["campaign.v1.CampaignService"].Methods, grpc.MethodInfo{Name: "DropEverything"}),
	}
	if err := Check(more); err == nil || !strings.Contains(err.Error(), "CampaignService/DropEverything has no row") {
		t.Errorf("a method without a row: %v", err)
	}
	less := served()
	delete(less, "dialer.v1.FloorService")
	if err := Check(less); err == nil || !strings.Contains(err.Error(), "/dialer.v1.FloorService/GetFloor, which is not served") {
		t.Errorf("a row without a method: %v", err)
	}
}

// The table of the task, role by role: one method of each kind of access.
func TestI11RolesAllowWhatTheyShould(t *testing.T) {
	t.Parallel()
	const (
		create   = "/campaign.v1.CampaignService/CreateCampaign"
		get      = "/campaign.v1.CampaignService/GetCampaign"
		problems = "/campaign.v1.ListService/ListProblems"
		update   = "/campaign.v1.LeadService/UpdateLead"
		suppress = "/campaign.v1.SuppressionService/Suppress"
		explain  = "/scheduler.v1.ScheduleService/ExplainLead"
		next     = "/dialer.v1.AgentService/NextCall"
		reassign = "/dialer.v1.FloorService/Reassign"
		token    = "/campaign.v1.AdminService/CreateToken"
		agents   = "/campaign.v1.AdminService/ListAgents"
		server   = "/campaign.v1.AdminService/GetServer"
		health   = "/grpc.health.v1.Health/Check"
		reflect  = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
	)
	all := []string{create, get, problems, update, suppress, explain, next, reassign, token, agents, server, health, reflect}
	for role, may := range map[campaign.Role][]string{
		campaign.RoleAgent:      {next, server, health, reflect},
		campaign.RoleSupervisor: {get, problems, suppress, explain, reassign, server, health, reflect},
		campaign.RoleManager:    {create, get, problems, update, suppress, explain, reassign, agents, server, health, reflect},
		campaign.RoleCRM:        {get, update, suppress, explain, server, health, reflect},
		campaign.RoleQuality:    {get, explain, server, health, reflect},
		campaign.RoleAdmin:      all,
	} {
		allowed := " " + strings.Join(may, " ") + " "
		for _, m := range all {
			a, ok := table[m]
			err := permit(m, a, campaign.Caller{Owner: "x", Role: role})
			if want := strings.Contains(allowed, " "+m+" "); !ok || (err == nil) != want {
				t.Errorf("%s calls %s: %v, want allowed %v", role, m, err, want)
			}
		}
	}
}

func TestRefusalNamesTheRoleThatMay(t *testing.T) {
	t.Parallel()
	m := "/campaign.v1.ListService/SwitchOff"
	err := permit(m, table[m], campaign.Caller{Owner: "li", Role: campaign.RoleAgent})
	want := "SwitchOff is for role manager or admin; this token, li's, has role agent"
	if campaign.KindOf(err) != campaign.KindDenied || campaign.ReasonOf(err) != ReasonRoleDenied || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
