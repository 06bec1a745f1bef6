package campaign

import (
	"path"
	"sync"
	"time"
)

// locations are the zones that were asked for, by name. There are some hundred names.
var locations sync.Map

// Location is time.LoadLocation that reads a zone once: every card, every row of a page and of a report asks for one, and
// reading its file anew takes longer than all else that is done for a card. Errors: the name is none of a zone.
func Location(name string) (*time.Location, error) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), nil
	}
	loc, err := time.LoadLocation(name)
	if err == nil && path.Clean(name) == name { // of a file's many names one is kept
		locations.Store(name, loc)
	}
	return loc, err
}
