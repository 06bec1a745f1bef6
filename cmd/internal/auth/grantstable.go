package auth

import "redial/campaign"

const (
	calendarsShared = "calendars are shared by the campaigns"
	registersShared = "without scope CAMPAIGN and a campaign of yours it binds every campaign"
)

// grants says for every method of the role table what its request names, for callers who see some campaigns only.
var grants = map[string]grant{
	"/campaign.v1.AdminService/CreateAgent": filtering("agent.id"),
	"/campaign.v1.AdminService/GetAgent":    filteringID(campaign.ThingAgent),
	"/campaign.v1.AdminService/ListAgents":  filtering(),
	"/campaign.v1.AdminService/UpdateAgent": naming(),
	"/campaign.v1.AdminService/CreateToken": {kind: unbound},
	"/campaign.v1.AdminService/ListTokens":  {kind: unbound},
	"/campaign.v1.AdminService/RevokeToken": {kind: unbound},
	"/campaign.v1.AdminService/EndSessions": {kind: unbound},
	"/campaign.v1.AdminService/Audit":       {kind: unbound},
	"/campaign.v1.AdminService/Backup":      {kind: unbound},
	"/campaign.v1.AdminService/GetServer":   {kind: nothing},

	"/campaign.v1.AdminService/ListAuditLog":   {kind: unbound},
	"/campaign.v1.AdminService/VerifyAuditLog": {kind: unbound},

	"/campaign.v1.AdminService/PutCalendar":    bindingAll(calendarsShared),
	"/campaign.v1.AdminService/ImportCalendar": bindingAll(calendarsShared),
	"/campaign.v1.AdminService/GetCalendar":    {kind: nothing},
	"/campaign.v1.AdminService/ListCalendars":  {kind: nothing},
	"/campaign.v1.AdminService/DeleteCalendar": bindingAll(calendarsShared),

	"/campaign.v1.CampaignService/CreateCampaign": bindingAll("a campaign that is new is none of yours yet"),
	"/campaign.v1.CampaignService/GetCampaign":    filteringID(campaign.ThingCampaign),
	"/campaign.v1.CampaignService/ListCampaigns":  filtering(),
	"/campaign.v1.CampaignService/UpdateCampaign": naming(),
	"/campaign.v1.CampaignService/StartCampaign":  namingID(campaign.ThingCampaign),
	"/campaign.v1.CampaignService/PauseCampaign":  namingID(campaign.ThingCampaign),
	"/campaign.v1.CampaignService/FinishCampaign": namingID(campaign.ThingCampaign),

	"/campaign.v1.ListService/BeginUpload":    naming(),
	"/campaign.v1.ListService/Upload":         naming(),
	"/campaign.v1.ListService/PreviewImport":  naming(),
	"/campaign.v1.ListService/CommitUpload":   naming(),
	"/campaign.v1.ListService/DiscardUpload":  naming(),
	"/campaign.v1.ListService/GetUpload":      naming(),
	"/campaign.v1.ListService/WatchImport":    naming(),
	"/campaign.v1.ListService/ListLists":      filtering(),
	"/campaign.v1.ListService/GetList":        namingID(campaign.ThingList),
	"/campaign.v1.ListService/ListProblems":   naming(),
	"/campaign.v1.ListService/ExportProblems": naming(),
	"/campaign.v1.ListService/UndoImport":     naming(),
	"/campaign.v1.ListService/SetPriority":    naming(),
	"/campaign.v1.ListService/SwitchOff":      naming(),
	"/campaign.v1.ListService/SwitchOn":       naming(),
	"/campaign.v1.ListService/SetHours":       namingID(campaign.ThingList),
	"/campaign.v1.ListService/SaveTemplate":   naming(),
	"/campaign.v1.ListService/ListTemplates":  naming(),
	"/campaign.v1.ListService/DeleteTemplate": naming(),

	"/campaign.v1.LeadService/GetLead":      namingID(campaign.ThingLead),
	"/campaign.v1.LeadService/FindLeads":    filtering(),
	"/campaign.v1.LeadService/UpdateLead":   naming("lead.owner_id", "lead.assignment_id"),
	"/campaign.v1.LeadService/WithdrawLead": namingID(campaign.ThingLead),
	"/campaign.v1.LeadService/ReopenLead":   namingID(campaign.ThingLead),
	"/campaign.v1.LeadService/MoveLead":     namingID(campaign.ThingLead),
	"/campaign.v1.LeadService/UpsertLeads":  filtering("begin", "item"), // each item is answered on its own

	"/campaign.v1.LeadService/EraseLead":     namingID(campaign.ThingLead),
	"/campaign.v1.LeadService/ExportPerson":  filtering(),
	"/campaign.v1.LeadService/RevealNumbers": namingID(campaign.ThingLead),

	"/campaign.v1.LeadService/RecordConsent":     naming("consent.id", "consent.lead_id"),
	"/campaign.v1.LeadService/RevokeConsent":     namingID(campaign.ThingConsent),
	"/campaign.v1.LeadService/ListConsents":      naming(),
	"/campaign.v1.LeadService/RecordOutsideCall": naming(),

	"/campaign.v1.SuppressionService/Suppress": filtering(), // a person's word is obeyed everywhere
	"/campaign.v1.SuppressionService/Lift":     bindingAllUnlessScoped(registersShared),
	"/campaign.v1.SuppressionService/Check":    filtering(),

	"/campaign.v1.SuppressionService/ListSuppressions":   filtering(),
	"/campaign.v1.SuppressionService/ImportSuppressions": bindingAllUnlessScoped(registersShared),

	"/campaign.v1.EventService/WatchEvents": filtering(),

	// A webhook is seen by whoever sees all that it hears of, which the record looks at.
	"/campaign.v1.WebhookService/CreateWebhook":       filtering("webhook.id"),
	"/campaign.v1.WebhookService/GetWebhook":          filtering("id"),
	"/campaign.v1.WebhookService/ListWebhooks":        filtering(),
	"/campaign.v1.WebhookService/UpdateWebhook":       filtering("webhook.id"),
	"/campaign.v1.WebhookService/RotateWebhookSecret": filtering("id"),
	"/campaign.v1.WebhookService/DeleteWebhook":       filtering("id"),
	"/campaign.v1.WebhookService/TestWebhook":         filtering("id"),
	"/campaign.v1.WebhookService/ListDeliveries":      filtering("webhook_id"),
	"/campaign.v1.WebhookService/ReplayDeliveries":    filtering("webhook_id"),

	"/campaign.v1.ReportService/GetReport":     filtering(),
	"/campaign.v1.ReportService/ExportReport":  filtering(),
	"/campaign.v1.ReportService/ListBadData":   naming(),
	"/campaign.v1.ReportService/ExportBadData": naming(),

	"/scheduler.v1.ScheduleService/ExplainLead": filtering(),
	"/scheduler.v1.ScheduleService/ListDue":     naming(),

	"/scheduler.v1.ScheduleService/ExplainCampaign": naming(),
	"/scheduler.v1.ScheduleService/ListBlocked":     naming(),
	"/scheduler.v1.ScheduleService/GetTimeline":     naming(),
	"/scheduler.v1.ScheduleService/PreviewRules":    naming(),
	"/scheduler.v1.ScheduleService/WatchReplan":     naming(),
	"/scheduler.v1.ScheduleService/Forecast":        naming(),
	"/scheduler.v1.ScheduleService/Simulate":        filtering(),
	"/scheduler.v1.ScheduleService/EstimateStaff":   filtering(),
	"/scheduler.v1.ScheduleService/ListLawPacks":    {kind: nothing},

	"/dialer.v1.AgentService/Work":                  {kind: unbound},
	"/dialer.v1.AgentService/SignIn":                {kind: unbound},
	"/dialer.v1.AgentService/SignOut":               {kind: unbound},
	"/dialer.v1.AgentService/SetState":              {kind: unbound},
	"/dialer.v1.AgentService/Heartbeat":             {kind: unbound},
	"/dialer.v1.AgentService/GetSession":            {kind: unbound},
	"/dialer.v1.AgentService/NextCall":              {kind: unbound},
	"/dialer.v1.AgentService/PickLead":              {kind: unbound},
	"/dialer.v1.AgentService/Decline":               {kind: unbound},
	"/dialer.v1.AgentService/StartCall":             {kind: unbound},
	"/dialer.v1.AgentService/EndCall":               {kind: unbound},
	"/dialer.v1.AgentService/RecordOutcome":         {kind: unbound},
	"/dialer.v1.AgentService/CorrectOutcome":        {kind: unbound},
	"/dialer.v1.AgentService/BookAppointment":       {kind: unbound},
	"/dialer.v1.AgentService/RescheduleAppointment": {kind: unbound},
	"/dialer.v1.AgentService/CancelAppointment":     {kind: unbound},
	"/dialer.v1.AgentService/ListCallbacks":         {kind: unbound},
	"/dialer.v1.AgentService/ListSlots":             {kind: unbound},
	"/dialer.v1.AgentService/GetMyDay":              {kind: unbound},

	"/dialer.v1.FloorService/GetFloor":           filtering(),
	"/dialer.v1.FloorService/WatchFloor":         filtering(),
	"/dialer.v1.FloorService/ListMissed":         filtering(),
	"/dialer.v1.FloorService/ListPromises":       filtering(),
	"/dialer.v1.FloorService/ListLateOutcomes":   filtering(),
	"/dialer.v1.FloorService/ResolveLateOutcome": naming(),
	"/dialer.v1.FloorService/Reassign":           naming(),    // to whom, the service looks at
	"/dialer.v1.FloorService/SetAgentState":      filtering(), // it names the agent by login

	"/grpc.health.v1.Health/Check": {kind: unbound},
	"/grpc.health.v1.Health/List":  {kind: unbound},
	"/grpc.health.v1.Health/Watch": {kind: unbound},

	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      {kind: nothing},
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": {kind: nothing},
}
