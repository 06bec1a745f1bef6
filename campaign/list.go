package campaign

import "time"

// ListState is where a list is between upload and use.
type ListState string

// A list loads while its rows are taken in; its leads appear together when it becomes active.
const (
	ListLoading ListState = "loading"
	ListActive  ListState = "active"
	ListFailed  ListState = "failed" // refused as a whole, with the reason; holds no leads
	ListUndone  ListState = "undone" // taken back; leads already called stay
)

// List is one file or feed of leads.
type List struct {
	ID         ListID
	CampaignID CampaignID
	Name       string
	State      ListState
	On         bool     // off: nothing of it is offered
	Priority   int      // higher first among fresh leads; default 0
	Hours      []Window // when its leads may be called, within the campaign's hours; empty: as the campaign
	Calendars  []string // names of calendars that apply besides the campaign's
	Version    int64
	Failure    string // why a failed list was refused
	Tally      Tally
	CreatedAt  time.Time
	LoadedAt   time.Time // when its leads appeared; zero: not yet
}

// Tally is what became of the rows of a file. Rows = Leads + Problems + Duplicates; Suppressed are among Leads.
type Tally struct {
	Rows       int64 `json:"rows"`
	Leads      int64 `json:"leads"`
	Problems   int64 `json:"problems"`
	Duplicates int64 `json:"duplicates"`
	Suppressed int64 `json:"suppressed"`
}

// Problem is one row that did not become a lead, or a cell that was left out of one.
type Problem struct {
	Line       int      // line of the file, from 1, where the row begins
	Column     string   // heading of the cell; empty: the row as a whole
	Value      string   // the cell as it was read
	Reason     string   // a stable word: bad_phone, no_phone, duplicate_in_file, …
	Message    string   // the reason for people
	Suggestion string   // what to do
	Row        []string // the whole row, so that it can be mended and sent again
	Warning    bool     // the row became a lead all the same, without this cell; not counted in Tally.Problems
}

// UploadState is where an upload is.
type UploadState string

// An upload receives pieces, is queued when committed, and ends done or failed.
const (
	UploadReceiving UploadState = "receiving"
	UploadQueued    UploadState = "queued"
	UploadDone      UploadState = "done"
	UploadFailed    UploadState = "failed"
)

// Upload is a file on its way in, in pieces.
type Upload struct {
	ID         UploadID
	CampaignID CampaignID
	ListID     ListID
	FileName   string
	Size       int64 // bytes received so far: where the next piece begins
	State      UploadState
	RowsDone   int64 // rows taken in so far
	BytesDone  int64 // bytes of the file read so far, for progress
	Options    ImportOptions
	Tally      Tally
	Failure    string
	CreatedAt  time.Time
}

// ImportOptions say how a file is read. The zero value guesses everything.
type ImportOptions struct {
	ListName  string            `json:"list_name,omitempty"` // empty: the file's name
	Region    string            `json:"region,omitempty"`    // country of national numbers; empty: the campaign's
	Zone      string            `json:"zone,omitempty"`      // of leads whose zone is unknown; empty: the campaign's
	Encoding  string            `json:"encoding,omitempty"`  // utf-8, utf-16le, gb18030, big5, windows-1252, …; empty: guessed
	Delimiter string            `json:"delimiter,omitempty"` // one character; empty: guessed
	Sheet     string            `json:"sheet,omitempty"`     // XLSX sheet; empty: the first that holds rows
	Map       map[string]string `json:"map,omitempty"`       // heading (or 1-based column number) to field; overrides the guess
	Header    string            `json:"header,omitempty"`    // "yes", "no"; empty: guessed
	Across    bool              `json:"across,omitempty"`    // look for duplicates in all campaigns, not this one alone
	Priority  int               `json:"priority,omitempty"`
}
