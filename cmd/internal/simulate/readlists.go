package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"redial/campaign"
	"redial/scheduler"
)

func (r *reading) list(i int, v []byte) error {
	l := &List{List: campaign.List{ID: campaign.ListID(i + 1), State: campaign.ListActive, On: true, Version: 1}}
	of := ""
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "name":
			l.Name, err = campaign.StrictString(v)
		case "campaign":
			of, err = campaign.StrictString(v)
		case "priority":
			l.Priority, err = whole(v)
		case "hours":
			l.Hours, err = campaign.ReadWindows(v)
		case "calendars":
			l.Calendars, err = texts(v)
		case "synthetic":
			l.Made = &Synthetic{Count: defaultLeads, Numbers: 1}
			err = campaign.StrictObject(v, l.Made.field)
		case "leads":
			l.Leads, err = campaign.StrictEach(v, readLead)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if l.Name == "" {
		l.Name = fmt.Sprintf("list %d", i+1)
	}
	if err == nil && l.Made == nil && len(l.Leads) == 0 {
		err = campaign.Invalid("", "has no leads: give leads, or synthetic")
	}
	r.Lists, r.of = append(r.Lists, l), append(r.of, of)
	return err
}

func whole(v []byte) (int, error) {
	sign := 1
	if len(v) > 0 && v[0] == '-' {
		sign, v = -1, v[1:]
	}
	n, err := campaign.StrictInt(v)
	return sign * n, err
}

func (m *Synthetic) field(name string, v []byte) (err error) {
	switch name {
	case "count":
		m.Count, err = oneTo(v, maxLeads)
	case "sites":
		err = campaign.StrictArray(v, func(_ int, v []byte) error {
			p := Place{Share: 1}
			err := campaign.StrictObject(v, p.field)
			if err == nil && len(p.Zones) == 0 {
				err = campaign.Invalid("zones", "is missing: give at least one IANA zone")
			}
			m.Sites = append(m.Sites, p)
			return err
		})
	case "numbers":
		if m.Numbers, err = amount(v); err == nil && (m.Numbers < 1 || m.Numbers > 5) {
			err = campaign.Invalid("", "must be 1 to 5 numbers a lead")
		}
	case "shared":
		m.Shared, err = ratio(v)
	case "accounts":
		m.Accounts, err = ratio(v)
	case "roaming":
		m.Roaming, err = ratio(v)
	default:
		err = campaign.ErrUnknownField
	}
	return err
}

func (p *Place) field(name string, v []byte) (err error) {
	switch name {
	case "zones":
		if p.Zones, err = texts(v); err == nil {
			_, err = scheduler.LoadZones(p.Zones)
		}
	case "places":
		p.Places, err = texts(v)
		slices.Sort(p.Places)
	case "share":
		if p.Share, err = amount(v); err == nil && p.Share == 0 {
			err = campaign.Invalid("", "must be above 0")
		}
	default:
		err = campaign.ErrUnknownField
	}
	return err
}

// readLead reads a lead as the record knows it: numbers (texts or objects), zones, places, account, source, external_id,
// name, priority, tries, booking.
func readLead(v []byte) (*Given, error) {
	g := &Given{}
	l := &g.Lead
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "numbers":
			l.Numbers, err = campaign.StrictEach(v, readNumber)
		case "zones":
			if l.Zones, err = texts(v); err == nil {
				_, err = scheduler.LoadZones(l.Zones)
			}
		case "places":
			l.Places, err = texts(v)
			slices.Sort(l.Places)
		case "account":
			l.Account, err = campaign.StrictString(v)
		case "source":
			l.Source, err = campaign.StrictString(v)
		case "external_id":
			l.ExternalID, err = campaign.StrictString(v)
		case "name":
			l.Name, err = campaign.StrictString(v)
		case "priority":
			l.Priority, err = whole(v)
		case "tries":
			l.Tries, err = campaign.StrictEach(v, readTry)
		case "appointment":
			g.Promise, err = readPromise(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	return g, err
}

// readNumber reads a number as the case format writes it: text, or {"number","zones"?,"places"?}.
func readNumber(v []byte) (campaign.Number, error) {
	var n campaign.Number
	phone := func(v []byte) error {
		s, err := campaign.StrictString(v)
		n.Phone = campaign.Phone(s)
		return err
	}
	if len(v) > 0 && v[0] == '"' {
		return n, phone(v)
	}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "number":
			err = phone(v)
		case "zones":
			if n.Zones, err = texts(v); err == nil {
				_, err = scheduler.LoadZones(n.Zones)
			}
		case "places":
			n.Places, err = texts(v)
			slices.Sort(n.Places)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if err == nil && n.Phone == "" {
		err = campaign.Invalid("number", "is missing")
	}
	return n, err
}

// readTry reads an attempt as the case format writes it.
func readTry(v []byte) (campaign.Try, error) {
	var t campaign.Try
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "placed_at":
			t.PlacedAt, err = campaign.StrictInstant(v)
		case "outcome":
			err = strictly(v, &t.Outcome)
		case "number", "new_number":
			var s string
			s, err = campaign.StrictString(v)
			if name == "number" {
				t.Number = campaign.Phone(s)
			} else {
				t.NewNumber = campaign.Phone(s)
			}
		case "talk":
			t.Talk, err = campaign.StrictDuration(v)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	if err == nil && (t.PlacedAt.IsZero() || t.Outcome == campaign.NoOutcome) {
		err = campaign.Invalid("", "needs placed_at and outcome")
	}
	return t, err
}

// readPromise reads an open promise: {"local", "zone", "customer_insisted"}; its owner is nobody.
func readPromise(v []byte) (*campaign.Appointment, error) {
	p := &campaign.Appointment{State: campaign.AppointmentOpen}
	err := campaign.StrictObject(v, func(name string, v []byte) (err error) {
		switch name {
		case "local":
			p.Local, err = campaign.StrictString(v)
		case "zone":
			p.Zone, err = campaign.StrictString(v)
		case "customer_insisted":
			err = strictly(v, &p.Insisted)
		default:
			err = campaign.ErrUnknownField
		}
		return err
	})
	return p, err
}

// strictly decodes into a value with tags of its own.
func strictly(v []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(v))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		if campaign.KindOf(err) == campaign.KindInvalid {
			return err
		}
		return campaign.Invalid("", err.Error())
	}
	return nil
}
