package campaign

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestFloorSettingsReadAndWrite(t *testing.T) {
	t.Parallel()
	var f FloorSettings
	if err := json.Unmarshal([]byte(`{}`), &f); err != nil || f != DefaultFloor() {
		t.Errorf("absent settings: %+v, %v", f, err)
	}
	if err := json.Unmarshal([]byte(`{"fresh_share":0.25,"grace":"1h","lease":"2m"}`), &f); err != nil {
		t.Fatal(err)
	}
	want := DefaultFloor()
	want.FreshShare, want.Grace, want.Lease = 0.25, time.Hour, 2*time.Minute
	if f != want {
		t.Errorf("read %+v, want %+v", f, want)
	}
	text, err := json.Marshal(want)
	const written = `{"fresh_share":0.25,"remind_before":"5m","owner_wait":"2m","grace":"1h","offer_time":"20s","wrap_up":"1m",` +
		`"lease":"2m","conversation":"30s","correct_within":"24h"}`
	if err != nil || string(text) != written {
		t.Errorf("wrote %s, %v", text, err)
	}
	var again FloorSettings
	if err := json.Unmarshal(text, &again); err != nil || again != want {
		t.Errorf("read back %+v, %v", again, err)
	}
}

func TestBadFloorSettingsNameTheFieldAndChangeNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, field string }{
		{`7`, "floor"},
		{`{"fresh":1}`, "floor.fresh"},
		{`{"fresh_share":1.5}`, "floor.fresh_share"},
		{`{"fresh_share":-0.1}`, "floor.fresh_share"},
		{`{"fresh_share":"0.5"}`, "floor.fresh_share"},
		{`{"grace":15}`, "floor.grace"},
		{`{"wrap_up":"-1s"}`, "floor.wrap_up"},
		{`{"offer_time":"0s"}`, "floor.offer_time"},
		{`{"lease":"19s"}`, "floor.lease"},
		{`{"owner_wait":"16m"}`, "floor.owner_wait"},
	} {
		f := DefaultFloor()
		err := json.Unmarshal([]byte(c.text), &f)
		if KindOf(err) != KindInvalid || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: %v, want an error about %s", c.text, err, c.field)
		}
		if f != DefaultFloor() {
			t.Errorf("%s changed the settings", c.text)
		}
	}
}
