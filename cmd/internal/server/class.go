package server

import (
	"slices"
	"strings"
	"time"
)

// class is what a call is worth when not all can be answered: lower ones go first. Finishing what was begun comes
// before beginning more, a call before a question, a question before a table.
type class uint8

// The classes.
const (
	finish class = iota // ends what an agent has in hand, or forbids calls: of a number, a lead, a campaign, a token
	dial                // places the call that an agent has the card of
	begin               // asks for a card, or comes to work
	ask                 // questions and changes of managers, supervisors and CRMs
	bulk                // pieces of uploads
	heavy               // reports, audits, exports, forecasts, simulations: seconds of work each
	numClasses
	// free is never shed: health, what methods there are, and signs of life, which shed would sign agents out in
	// mid-shift. Those cost next to nothing: one after another in a desk's stream, and the record writes them in batches.
	free class = 255
)

var classNames = [numClasses]string{"finish", "dial", "begin", "ask", "bulk", "heavy"}

// String is the class as metrics name it.
func (c class) String() string {
	if c >= numClasses {
		return "free"
	}
	return classNames[c]
}

// shares are how much of a gate's places each class may fill; 0: none. What is left over is for those before it.
type shares [numClasses]float64

// leastOf are the places that a class has beyond its share: a floor at full load may fill more than the share for hours,
// and managers and uploads are slow then, not shut out.
var leastOf = [numClasses]int{ask: 3, bulk: 1}

// presses says whether a call that waits in vain is a sign of an overload. Questions and uploads wait because the floor
// comes first, which is no reason to shed the floor.
func (c class) presses() bool { return c < ask }

// The shares of short work and of long.
var (
	shortShares = shares{finish: 1, dial: 0.95, begin: 0.875, ask: 0.5, bulk: 0.25}
	longShares  = shares{heavy: 1}
)

// Prefixes of methods.
const (
	agentService = "/dialer.v1.AgentService/"
	floorService = "/dialer.v1.FloorService/"
	scheduling   = "/scheduler.v1.ScheduleService/"
	lists        = "/campaign.v1.ListService/"
	leads        = "/campaign.v1.LeadService/"
	suppressions = "/campaign.v1.SuppressionService/"
	reports      = "/campaign.v1.ReportService/"
	admin        = "/campaign.v1.AdminService/"
)

// classes are the methods whose class is not ask.
var classes = classTable()

func classTable() map[string]class {
	t := map[string]class{
		suppressions + "Suppress": finish, suppressions + "Check": finish,
		leads + "RevokeConsent": finish, leads + "WithdrawLead": finish,
		"/campaign.v1.CampaignService/PauseCampaign": finish, admin + "RevokeToken": finish, admin + "EndSessions": finish,
		lists + "Upload": bulk,
		admin + "Audit":  heavy, admin + "Backup": heavy, admin + "VerifyAuditLog": heavy,
		lists + "ExportProblems": heavy, lists + "PreviewImport": heavy,
	}
	put := func(c class, service, methods string) {
		for m := range strings.FieldsSeq(methods) {
			t[service+m] = c
		}
	}
	put(free, agentService, "Heartbeat")
	put(finish, agentService, `SignOut SetState Decline EndCall RecordOutcome CorrectOutcome
		BookAppointment RescheduleAppointment CancelAppointment`)
	put(dial, agentService, "StartCall GetSession")
	put(begin, agentService, "SignIn NextCall PickLead ListCallbacks ListSlots GetMyDay")
	put(heavy, reports, "GetReport ExportReport ListBadData ExportBadData")
	put(heavy, scheduling, "ExplainCampaign GetTimeline PreviewRules Forecast Simulate EstimateStaff")
	return t
}

func classOf(method string) class {
	if strings.HasPrefix(method, "/grpc.") {
		return free
	}
	if c, ok := classes[method]; ok {
		return c
	}
	return ask
}

// inStream is the class of a message of a desk's stream, by the name of its field.
func inStream(action string) class {
	if action == "" {
		return finish // it asks for nothing and is refused
	}
	return classOf(agentService + camel(action))
}

// camel is record_outcome as RecordOutcome.
func camel(snake string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(snake, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]))
			b.WriteString(word[1:])
		}
	}
	return b.String()
}

// slow are calls that change many rows or read many, besides those of class heavy.
var slow = []string{
	"/campaign.v1.CampaignService/FinishCampaign", "/campaign.v1.CampaignService/UpdateCampaign",
	lists + "UndoImport", lists + "SwitchOff", lists + "SwitchOn", lists + "SetHours", lists + "DiscardUpload",
	admin + "PutCalendar", admin + "ImportCalendar", admin + "DeleteCalendar", admin + "UpdateAgent",
}

// How long a unary call may take whose caller set no deadline.
const (
	usualTime = time.Minute
	waitTime  = 90 * time.Second // of calls that wait up to a minute for a lead
	slowTime  = 15 * time.Minute
)

// timeOf is the time of a unary call whose caller set no deadline.
func timeOf(method string) time.Duration {
	switch c := classOf(method); {
	case c == heavy || slices.Contains(slow, method):
		return slowTime
	case waits(method):
		return waitTime
	default:
		return usualTime
	}
}

// waits says whether a call may wait for a lead, which is no work once the floor has looked for one in vain.
func waits(method string) bool {
	return method == agentService+"NextCall" || method == agentService+"RecordOutcome"
}
