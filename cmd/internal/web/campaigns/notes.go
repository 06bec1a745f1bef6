package campaigns

import (
	"crypto/rand"
	"sync"
	"time"
)

// How long what must be known of a change is kept for the page that tells it, and for how many changes.
const (
	notesFor  = time.Minute
	notesMost = 256
)

// notes are what the API said of changes that it accepted, until the page after the change has told it. A page that another
// process serves does not find them; the preview says the same before. Safe for concurrent use.
type notes struct {
	mu   sync.Mutex
	said map[string]note
}

type note struct {
	owner string
	at    time.Time
	texts []string
}

// keep keeps texts for owner, and answers the word by which they are found; empty: there are none.
func (n *notes) keep(owner string, texts []string, now time.Time) string {
	if len(texts) == 0 {
		return ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for word, one := range n.said {
		if now.Sub(one.at) > notesFor {
			delete(n.said, word)
		}
	}
	if n.said == nil {
		n.said = map[string]note{}
	}
	if len(n.said) >= notesMost {
		return ""
	}
	word := rand.Text()
	n.said[word] = note{owner, now, texts}
	return word
}

// told are the texts that were kept for owner by a word; nil: none, or too long ago.
func (n *notes) told(owner, word string, now time.Time) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	one := n.said[word]
	if one.owner != owner || now.Sub(one.at) > notesFor {
		return nil
	}
	return one.texts
}
