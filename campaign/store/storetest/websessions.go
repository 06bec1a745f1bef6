package storetest

import (
	"fmt"
	"time"

	"redial/campaign"
)

var webSessionCases = []testCase{
	{"a session of the pages lasts as long as its token, its time and its caller's will", webSessions},
	{"an admin ends somebody's sessions, and the audit log says so", webSessionsOf},
	{"the oldest sessions of a caller make room", webSessionsRoom},
}

func webSessions(b *bundle) {
	_, tok, err := b.s.CreateToken(b.Context(), "eve", campaign.RoleManager, 0, time.Time{})
	b.ok(err)
	end := b.s.Now().Add(time.Hour)
	keep := func(id string, c campaign.Caller) {
		b.Helper()
		b.ok(b.s.KeepWebSession(b.Context(), id, campaign.WebSession{Caller: c, EndsAt: end}, 20))
	}
	in := func(id string) (campaign.WebSession, bool) {
		b.Helper()
		w, err := b.s.WebSession(b.Context(), id)
		if err != nil && campaign.KindOf(err) != campaign.KindStranger {
			b.Error(err)
		}
		return w, err == nil
	}
	person := campaign.Caller{Token: -7, Owner: "eve", Role: campaign.RoleQuality, Campaigns: []campaign.CampaignID{3}}
	link := campaign.Caller{Owner: "eve", Role: campaign.RoleAdmin}
	keep("s1", tok.Caller())
	keep("s2", tok.Caller())
	keep("p1", person)
	keep("l1", link)
	if w, ok := in("p1"); !ok || w.Caller.Role != campaign.RoleQuality || !w.Caller.Restricted() || !w.EndsAt.Equal(end.Truncate(time.Microsecond)) {
		b.Errorf("a person's: %+v", w)
	}
	if n := b.count(`SELECT count(*) FROM web_sessions WHERE hash LIKE '%s1%' OR body LIKE '%s1%'`); n != 0 {
		b.Error("the secret of a session is kept")
	}
	acting := campaign.WebSession{Caller: link, Acting: &campaign.Caller{Owner: "you", Role: campaign.RoleAgent, Agent: 4}, EndsAt: end}
	b.ok(b.s.ChangeWebSession(b.Context(), "l1", acting))
	if w, ok := in("l1"); !ok || w.Acting == nil || w.Acting.Agent != 4 || w.Caller.Role != campaign.RoleAdmin {
		b.Errorf("acting: %+v", w)
	}
	for range 2 { // the second finds none, and is no deed
		b.ok(b.s.EndWebSession(b.Context(), "s1"))
	}
	if err := b.s.ChangeWebSession(b.Context(), "s1", acting); campaign.KindOf(err) != campaign.KindStranger {
		b.Errorf("a session that ended is changed: %v", err)
	}
	if n := b.count(`SELECT count(*) FROM audit_log WHERE action = 'sign_out'`); n != 1 {
		b.Errorf("%d entries of signing out", n)
	}
	if _, ok := in("s1"); ok {
		b.Error("signed out, and still in")
	}
	keep("s3", tok.Caller())
	if n, err := b.s.EndWebSessions(b.Context(), tok.Caller()); err != nil || n != 2 {
		b.Errorf("ended %d, %v", n, err)
	}
	for id, want := range map[string]bool{"s2": false, "s3": false, "p1": true, "l1": true, "nobody": false} {
		if _, ok := in(id); ok != want {
			b.Errorf("%s is in: %v", id, ok)
		}
	}
	keep("s4", tok.Caller())
	_, err = b.s.RevokeToken(b.Context(), tok.ID)
	b.ok(err)
	if _, ok := in("s4"); ok {
		b.Error("its token was revoked, and it is still in")
	}
	b.wait(time.Hour)
	if err := b.s.ChangeWebSession(b.Context(), "l1", acting); campaign.KindOf(err) != campaign.KindStranger {
		b.Errorf("a session whose time is over is changed: %v", err)
	}
	if _, ok := in("p1"); ok {
		b.Error("its time is over, and it is still in")
	}
}

func webSessionsRoom(b *bundle) {
	c, other := campaign.Caller{Owner: "eve", Role: campaign.RoleAdmin}, campaign.Caller{Owner: "li", Role: campaign.RoleAdmin}
	end := b.s.Now().Add(time.Hour)
	b.ok(b.s.KeepWebSession(b.Context(), "other", campaign.WebSession{Caller: other, EndsAt: end}, 3))
	for i := range 5 {
		b.ok(b.s.KeepWebSession(b.Context(), fmt.Sprint("s", i), campaign.WebSession{Caller: c, EndsAt: end}, 3))
		b.wait(time.Second)
	}
	for id, want := range map[string]bool{"s0": false, "s1": false, "s2": true, "s3": true, "s4": true, "other": true} {
		if _, err := b.s.WebSession(b.Context(), id); (err == nil) != want {
			b.Errorf("%s: %v", id, err)
		}
	}
}

func webSessionsOf(b *bundle) {
	end := b.s.Now().Add(time.Hour)
	for id, c := range map[string]campaign.Caller{
		"token": {Token: 0, Owner: "eve", Role: campaign.RoleManager}, "person": {Token: -7, Owner: "eve", Role: campaign.RoleAdmin},
		"like": {Token: -8, Owner: "eve%", Role: campaign.RoleAdmin}, "other": {Token: -9, Owner: "li", Role: campaign.RoleAdmin},
	} {
		b.ok(b.s.KeepWebSession(b.Context(), id, campaign.WebSession{Caller: c, EndsAt: end}, 20))
	}
	ctx := campaign.WithCaller(b.Context(), campaign.Caller{Owner: "boss", Role: campaign.RoleAdmin, From: "203.0.113.5"})
	for _, want := range []int{2, 0} {
		if n, err := b.s.EndWebSessionsOf(ctx, "eve"); err != nil || n != want {
			b.Errorf("ended %d, %v, want %d", n, err, want)
		}
	}
	for id, want := range map[string]bool{"token": false, "person": false, "like": true, "other": true} {
		if _, err := b.s.WebSession(b.Context(), id); (err == nil) != want {
			b.Errorf("%s: %v", id, err)
		}
	}
	if n := b.count(`SELECT count(*) FROM audit_log WHERE action = 'end_sessions' AND owner = 'boss' AND target = 'sessions of eve'`); n != 1 {
		b.Errorf("%d entries of the audit log", n)
	}
}
