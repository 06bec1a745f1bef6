package auth

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"redial/campaign"
)

// access is who may call a method.
type access struct {
	roles []campaign.Role
	open  bool // without a token
	any   bool // with a token of whatever role
}

var (
	everybody = access{open: true}
	anyToken  = access{any: true}
	desk      = only(campaign.RoleAgent)
	floor     = only(campaign.RoleSupervisor, campaign.RoleManager)
	keep      = only(campaign.RoleManager)
	watch     = only(campaign.RoleManager, campaign.RoleSupervisor)
	feed      = only(campaign.RoleManager, campaign.RoleCRM)
	guardDNC  = only(campaign.RoleManager, campaign.RoleCRM, campaign.RoleSupervisor)
	look      = only(campaign.RoleManager, campaign.RoleCRM, campaign.RoleSupervisor, campaign.RoleQuality)
	admins    = only()
)

// only allows these roles, and admins, who may do everything.
func only(roles ...campaign.Role) access {
	return access{roles: append(roles, campaign.RoleAdmin)}
}

// table says for every method of the server who may call it (I11). An agent acts only for itself in the desk's
// methods, which the service sees to (campaign.ActingAgent).
var table = map[string]access{
	"/campaign.v1.AdminService/CreateAgent": keep,
	"/campaign.v1.AdminService/GetAgent":    keep,
	"/campaign.v1.AdminService/ListAgents":  keep,
	"/campaign.v1.AdminService/UpdateAgent": keep,
	"/campaign.v1.AdminService/CreateToken": admins,
	"/campaign.v1.AdminService/ListTokens":  admins,
	"/campaign.v1.AdminService/RevokeToken": admins,
	"/campaign.v1.AdminService/EndSessions": admins,
	"/campaign.v1.AdminService/Audit":       admins,
	"/campaign.v1.AdminService/Backup":      admins,
	"/campaign.v1.AdminService/GetServer":   anyToken,

	"/campaign.v1.AdminService/ListAuditLog":   admins,
	"/campaign.v1.AdminService/VerifyAuditLog": admins,

	"/campaign.v1.AdminService/PutCalendar":    keep,
	"/campaign.v1.AdminService/ImportCalendar": keep,
	"/campaign.v1.AdminService/GetCalendar":    look,
	"/campaign.v1.AdminService/ListCalendars":  look,
	"/campaign.v1.AdminService/DeleteCalendar": keep,

	"/campaign.v1.CampaignService/CreateCampaign": keep,
	"/campaign.v1.CampaignService/GetCampaign":    look,
	"/campaign.v1.CampaignService/ListCampaigns":  look,
	"/campaign.v1.CampaignService/UpdateCampaign": keep,
	"/campaign.v1.CampaignService/StartCampaign":  keep,
	"/campaign.v1.CampaignService/PauseCampaign":  keep,
	"/campaign.v1.CampaignService/FinishCampaign": keep,

	"/campaign.v1.ListService/BeginUpload":    keep,
	"/campaign.v1.ListService/Upload":         keep,
	"/campaign.v1.ListService/PreviewImport":  keep,
	"/campaign.v1.ListService/CommitUpload":   keep,
	"/campaign.v1.ListService/DiscardUpload":  keep,
	"/campaign.v1.ListService/GetUpload":      watch,
	"/campaign.v1.ListService/WatchImport":    watch,
	"/campaign.v1.ListService/ListLists":      watch,
	"/campaign.v1.ListService/GetList":        watch,
	"/campaign.v1.ListService/ListProblems":   watch,
	"/campaign.v1.ListService/ExportProblems": watch,
	"/campaign.v1.ListService/UndoImport":     keep,
	"/campaign.v1.ListService/SetPriority":    keep,
	"/campaign.v1.ListService/SwitchOff":      keep,
	"/campaign.v1.ListService/SwitchOn":       keep,
	"/campaign.v1.ListService/SetHours":       keep,
	"/campaign.v1.ListService/SaveTemplate":   keep,
	"/campaign.v1.ListService/ListTemplates":  keep,
	"/campaign.v1.ListService/DeleteTemplate": keep,

	"/campaign.v1.LeadService/GetLead":      look,
	"/campaign.v1.LeadService/FindLeads":    look,
	"/campaign.v1.LeadService/UpdateLead":   feed,
	"/campaign.v1.LeadService/WithdrawLead": feed,
	"/campaign.v1.LeadService/ReopenLead":   feed,
	"/campaign.v1.LeadService/MoveLead":     feed,
	"/campaign.v1.LeadService/UpsertLeads":  feed,

	// These ask for a permission, too: numbers or privacy.
	"/campaign.v1.LeadService/EraseLead":     feed,
	"/campaign.v1.LeadService/ExportPerson":  feed,
	"/campaign.v1.LeadService/RevealNumbers": look,

	"/campaign.v1.LeadService/RecordConsent":     feed,
	"/campaign.v1.LeadService/RevokeConsent":     guardDNC,
	"/campaign.v1.LeadService/ListConsents":      look,
	"/campaign.v1.LeadService/RecordOutsideCall": feed,

	"/campaign.v1.SuppressionService/Suppress": guardDNC,
	"/campaign.v1.SuppressionService/Lift":     guardDNC,
	"/campaign.v1.SuppressionService/Check":    guardDNC,

	"/campaign.v1.SuppressionService/ListSuppressions":   guardDNC,
	"/campaign.v1.SuppressionService/ImportSuppressions": feed,

	"/campaign.v1.EventService/WatchEvents": feed,

	"/campaign.v1.WebhookService/CreateWebhook":       keep,
	"/campaign.v1.WebhookService/GetWebhook":          keep,
	"/campaign.v1.WebhookService/ListWebhooks":        keep,
	"/campaign.v1.WebhookService/UpdateWebhook":       keep,
	"/campaign.v1.WebhookService/RotateWebhookSecret": keep,
	"/campaign.v1.WebhookService/DeleteWebhook":       keep,
	"/campaign.v1.WebhookService/TestWebhook":         keep,
	"/campaign.v1.WebhookService/ListDeliveries":      keep,
	"/campaign.v1.WebhookService/ReplayDeliveries":    keep,

	"/campaign.v1.ReportService/GetReport":     look,
	"/campaign.v1.ReportService/ExportReport":  look,
	"/campaign.v1.ReportService/ListBadData":   look,
	"/campaign.v1.ReportService/ExportBadData": look,

	"/scheduler.v1.ScheduleService/ExplainLead": look,
	"/scheduler.v1.ScheduleService/ListDue":     look,

	"/scheduler.v1.ScheduleService/ExplainCampaign": look,
	"/scheduler.v1.ScheduleService/ListBlocked":     look,
	"/scheduler.v1.ScheduleService/GetTimeline":     look,
	"/scheduler.v1.ScheduleService/PreviewRules":    watch,
	"/scheduler.v1.ScheduleService/WatchReplan":     watch,
	"/scheduler.v1.ScheduleService/Forecast":        watch,
	"/scheduler.v1.ScheduleService/Simulate":        watch,
	"/scheduler.v1.ScheduleService/EstimateStaff":   watch,
	"/scheduler.v1.ScheduleService/ListLawPacks":    look,

	"/dialer.v1.AgentService/Work":                  desk,
	"/dialer.v1.AgentService/SignIn":                desk,
	"/dialer.v1.AgentService/SignOut":               desk,
	"/dialer.v1.AgentService/SetState":              desk,
	"/dialer.v1.AgentService/Heartbeat":             desk,
	"/dialer.v1.AgentService/GetSession":            desk,
	"/dialer.v1.AgentService/NextCall":              desk,
	"/dialer.v1.AgentService/PickLead":              desk,
	"/dialer.v1.AgentService/Decline":               desk,
	"/dialer.v1.AgentService/StartCall":             desk,
	"/dialer.v1.AgentService/EndCall":               desk,
	"/dialer.v1.AgentService/RecordOutcome":         desk,
	"/dialer.v1.AgentService/CorrectOutcome":        desk,
	"/dialer.v1.AgentService/BookAppointment":       desk,
	"/dialer.v1.AgentService/RescheduleAppointment": desk,
	"/dialer.v1.AgentService/CancelAppointment":     desk,
	"/dialer.v1.AgentService/ListCallbacks":         desk,
	"/dialer.v1.AgentService/ListSlots":             desk,
	"/dialer.v1.AgentService/GetMyDay":              desk,

	"/dialer.v1.FloorService/GetFloor":           floor,
	"/dialer.v1.FloorService/WatchFloor":         floor,
	"/dialer.v1.FloorService/ListMissed":         floor,
	"/dialer.v1.FloorService/ListPromises":       floor,
	"/dialer.v1.FloorService/ListLateOutcomes":   floor,
	"/dialer.v1.FloorService/ResolveLateOutcome": floor,
	"/dialer.v1.FloorService/Reassign":           floor,
	"/dialer.v1.FloorService/SetAgentState":      floor,

	// A load balancer asks for health without a token; the answer is one word.
	"/grpc.health.v1.Health/Check": everybody,
	"/grpc.health.v1.Health/List":  everybody,
	"/grpc.health.v1.Health/Watch": everybody,
	// What methods there are is for whoever may call one.
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      anyToken,
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": anyToken,
}

// Check compares the table with what a server serves (grpc.Server.GetServiceInfo). A method missing from the table,
// or a row without a method, is an error, and a server must not start with it.
func Check(services map[string]grpc.ServiceInfo) error {
	served := map[string]bool{}
	var faults []error
	for _, service := range slices.Sorted(maps.Keys(services)) {
		for _, m := range services[service].Methods {
			full := "/" + service + "/" + m.Name
			served[full] = true
			if _, ok := table[full]; !ok {
				faults = append(faults, fmt.Errorf("%s has no row in the role table: say who may call it", full))
			}
		}
	}
	for _, full := range slices.Sorted(maps.Keys(table)) {
		if !served[full] {
			faults = append(faults, fmt.Errorf("the role table has a row for %s, which is not served", full))
		}
	}
	return errors.Join(faults...)
}

// Check compares both tables, which every guard has, with what a server serves.
func (g *Guard) Check(services map[string]grpc.ServiceInfo) error {
	return errors.Join(Check(services), CheckGrants(services))
}

// permit says whether a caller may call a method that the table has.
func permit(method string, a access, c campaign.Caller) error {
	if a.open || a.any || slices.Contains(a.roles, c.Role) {
		return nil
	}
	names := make([]string, len(a.roles))
	for i, r := range a.roles {
		names[i] = string(r)
	}
	return &campaign.Error{
		Kind: campaign.KindDenied, Reason: ReasonRoleDenied,
		Message: fmt.Sprintf("%s is for role %s; this token, %s's, has role %s",
			method[strings.LastIndexByte(method, '/')+1:], strings.Join(names, " or "), c.Owner, c.Role),
	}
}
