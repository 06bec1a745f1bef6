package campaign

import "time"

// WebSession is a browser that signed in to the pages.
type WebSession struct {
	Caller  Caller    // who signed in; of a token's session, the token says what it may do now
	Groups  []string  // of somebody whom the company's issuer vouched for, as it said at sign-in; else none
	Acting  *Caller   // for whom it acts in a demonstration; nil: for itself
	BeganAt time.Time // the record says when
	EndsAt  time.Time
}
