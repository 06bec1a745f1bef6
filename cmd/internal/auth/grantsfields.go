package auth

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"redial/campaign"
)

// things are what fields name, by their names.
var things = map[protoreflect.Name]campaign.Thing{
	"campaign_id": campaign.ThingCampaign, "campaign_ids": campaign.ThingCampaign, "list_id": campaign.ThingList,
	"upload_id": campaign.ThingUpload, "lead_id": campaign.ThingLead, "assignment_id": campaign.ThingAssignment,
	"appointment_id": campaign.ThingAppointment, "agent_id": campaign.ThingAgent, "owner_id": campaign.ThingAgent,
	"promises_to": campaign.ThingAgent,
}

// identities are what the field id of a message names.
var identities = map[protoreflect.Name]campaign.Thing{
	"Campaign": campaign.ThingCampaign, "List": campaign.ThingList, "Lead": campaign.ThingLead,
	"Agent": campaign.ThingAgent, "Consent": campaign.ThingConsent,
}

// plan is a grant with the fields of the request that it looks at.
type plan struct {
	grant
	fields []path
	scopes []path // of a request with a scope: its campaign, beside it
}

// path leads to a field that holds ids, through messages and lists of them.
type path struct {
	name  string
	what  campaign.Thing
	steps []protoreflect.FieldDescriptor
}

// ids are those that a message holds there, but for 0, which names nothing.
func (p *path) ids(m protoreflect.Message) iter.Seq[int64] {
	return func(yield func(int64) bool) { walk(m, p.steps, yield) }
}

func walk(m protoreflect.Message, steps []protoreflect.FieldDescriptor, yield func(int64) bool) bool {
	f := steps[0]
	if !m.Has(f) {
		return true
	}
	each := func(v protoreflect.Value) bool {
		if len(steps) > 1 {
			return walk(v.Message(), steps[1:], yield)
		}
		return v.Int() == 0 || yield(v.Int())
	}
	if !f.IsList() {
		return each(m.Get(f))
	}
	list := m.Get(f).List()
	for i := range list.Len() {
		if !each(list.Get(i)) {
			return false
		}
	}
	return true
}

// narrow says whether a message's scope is one campaign; of a stream's later messages, which need not have any, whether
// it is none other.
func (p *plan) narrow(m protoreflect.Message, first bool) bool {
	for i := range p.scopes {
		holder, steps := m, p.scopes[i].steps
		for _, s := range steps[:len(steps)-1] {
			if !holder.Has(s) {
				return !first
			}
			holder = holder.Get(s).Message()
		}
		scope := holder.Descriptor().Fields().ByName("scope")
		is := scope.Enum().Values().ByNumber(holder.Get(scope).Enum())
		if is == nil || !strings.HasSuffix(string(is.Name()), "_CAMPAIGN") || holder.Get(steps[len(steps)-1]).Int() == 0 {
			return false
		}
	}
	return true
}

// first is the field to name in an error.
func (p *plan) first() string {
	for _, f := range p.fields {
		if f.what == campaign.ThingCampaign {
			return f.name
		}
	}
	if len(p.fields) > 0 {
		return p.fields[0].name
	}
	return "campaign_id"
}

// compile finds the fields of a method's request.
func compile(method string, g grant) (*plan, error) {
	p := &plan{grant: g}
	if g.kind == unbound || g.kind == refusing {
		return p, nil
	}
	service, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, fmt.Errorf("find the request of %s: %w", method, err)
	}
	s, ok := d.(protoreflect.ServiceDescriptor)
	if !ok || s.Methods().ByName(protoreflect.Name(name)) == nil {
		return nil, fmt.Errorf("find the request of %s: there is no such method", method)
	}
	c := &compiler{plan: p, unused: make(map[string]bool)}
	for _, f := range g.ignore {
		c.unused[f] = true
	}
	c.message(s.Methods().ByName(protoreflect.Name(name)).Input(), "", nil)
	for _, f := range slices.Sorted(maps.Keys(c.unused)) {
		c.faults = append(c.faults, fmt.Errorf("%s has no field %s to be left out of its grant", method, f))
	}
	switch {
	case g.kind == nothing && len(p.fields) > 0:
		c.faults = append(c.faults, fmt.Errorf("%s names things, and its grant says that it does not", method))
	case g.kind == names && len(p.fields) == 0:
		c.faults = append(c.faults, fmt.Errorf("%s names nothing, and its grant says that it does", method))
	case g.kind == scoped && len(p.scopes) == 0:
		c.faults = append(c.faults, fmt.Errorf("%s has no campaign that it could be scoped to", method))
	}
	return p, errors.Join(c.faults...)
}

// compiler walks over a request's fields.
type compiler struct {
	plan   *plan
	unused map[string]bool // fields to leave out that were not met
	faults []error
}

func (c *compiler) message(d protoreflect.MessageDescriptor, prefix string, steps []protoreflect.FieldDescriptor) {
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		name := prefix + string(f.Name())
		if slices.Contains(c.plan.ignore, name) {
			delete(c.unused, name)
			continue
		}
		here := append(slices.Clone(steps), f)
		switch {
		case f.IsMap():
		case f.Message() != nil:
			within := func(s protoreflect.FieldDescriptor) bool { return s.Message() == f.Message() }
			if f.Message().ParentFile().Package() != "google.protobuf" && !slices.ContainsFunc(steps, within) {
				c.message(f.Message(), name+".", here)
			}
		case f.Kind() == protoreflect.Int64Kind:
			c.id(f, name, here)
		}
	}
}

// id notes a field if it names something. A name that looks like an id's must be known.
func (c *compiler) id(f protoreflect.FieldDescriptor, name string, steps []protoreflect.FieldDescriptor) {
	last := string(f.Name())
	what, ok := things[f.Name()]
	switch {
	case last == "id" && len(steps) == 1:
		what, ok = c.plan.id, c.plan.id != ""
	case last == "id":
		what, ok = identities[steps[len(steps)-2].Message().Name()]
	}
	if !ok {
		if last == "id" || strings.HasSuffix(last, "_id") || strings.HasSuffix(last, "_ids") {
			c.faults = append(c.faults, fmt.Errorf("%s of %s names something that no grant knows: say what it is, or leave it out", name, f.ContainingMessage().FullName()))
		}
		return
	}
	p := path{name: name, what: what, steps: steps}
	c.plan.fields = append(c.plan.fields, p)
	if s := f.ContainingMessage().Fields().ByName("scope"); what == campaign.ThingCampaign && s != nil && s.Enum() != nil {
		c.plan.scopes = append(c.plan.scopes, p)
	}
}

// compiled are the plans of all methods, made once: the requests are known when the program is linked.
var compiled = sync.OnceValues(func() (map[string]*plan, error) {
	out := make(map[string]*plan, len(grants))
	var faults []error
	for _, method := range slices.Sorted(maps.Keys(grants)) {
		p, err := compile(method, grants[method])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out[method] = p
	}
	return out, errors.Join(faults...)
})

func plans() map[string]*plan {
	all, _ := compiled() // CheckGrants has told what is wrong; what could not be compiled is denied
	return all
}

// CheckGrants compares the table of grants with what a server serves, and with who may call it.
func CheckGrants(services map[string]grpc.ServiceInfo) error {
	_, err := compiled()
	faults := []error{err}
	for service, info := range services {
		for _, m := range info.Methods {
			full := "/" + service + "/" + m.Name
			g, ok := grants[full]
			switch {
			case !ok:
				faults = append(faults, fmt.Errorf("%s has no row in the table of grants: say which fields of its request name what", full))
			case g.kind == unbound && table[full].mayBeRestricted():
				faults = append(faults, fmt.Errorf("%s may be called by roles that see some campaigns only, and its grant says nothing of it", full))
			}
		}
	}
	for full := range grants {
		if _, ok := table[full]; !ok {
			faults = append(faults, fmt.Errorf("the table of grants has a row for %s, which the role table has not", full))
		}
	}
	return errors.Join(faults...)
}

// mayBeRestricted says whether a caller of these roles may see some campaigns only.
func (a access) mayBeRestricted() bool {
	return a.any || slices.ContainsFunc(a.roles, campaign.Role.Restrictable)
}
