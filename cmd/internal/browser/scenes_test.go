package browser_test

import "testing"

func TestASupervisorWatchesAndHelps(t *testing.T) {
	t.Parallel()
	o := open(t, 12)
	o.colleague("ben")
	o.running("Winter offer")
	o.play("floor")
}

func TestAManagerMakesChangesAndPausesACampaign(t *testing.T) {
	t.Parallel()
	open(t, 12).play("campaigns")
}

func TestALeadIsFoundExplainedAndSuppressed(t *testing.T) {
	t.Parallel()
	o := open(t, 12)
	o.file("Ida of a file", "+442079460801")
	o.running("Winter offer")
	o.play("leads")
}

func TestANewcomerOfADemonstration(t *testing.T) {
	t.Parallel()
	o := &office{t: t}
	o.start(true)
	o.play("demo")
}

func TestEveryPageInBothLanguagesWidthsAndColours(t *testing.T) {
	t.Parallel()
	busy(t, 24).play("pages")
}

func TestTheDeskInBothLanguagesWidthsAndColours(t *testing.T) {
	t.Parallel()
	busy(t, 36).play("desks")
}
