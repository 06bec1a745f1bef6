package chaos

import (
	"math/rand/v2"
	"time"
)

// Nodes under harm are taken out, so that two faults never fight over one, and one node at least is always left alone
// where there are several.

// pick takes a random node that is well.
func (w *world) pick(rng *rand.Rand) *node {
	for {
		w.mu.Lock()
		var well []*node
		for _, n := range w.nodes {
			if !w.harmed[n] {
				well = append(well, n)
			}
		}
		if len(w.nodes) == 1 && len(well) == 1 || len(well) > 1 {
			n := well[rng.IntN(len(well))]
			w.harmed[n] = true
			w.mu.Unlock()
			return n
		}
		w.mu.Unlock()
		pause(50 * time.Millisecond)
	}
}

// pickNamed takes the node of that name, if it is well and another is.
func (w *world) pickNamed(name string) *node {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.nodes {
		if n.name == name && !w.harmed[n] && len(w.nodes)-len(w.harmed) > 1 {
			w.harmed[n] = true
			return n
		}
	}
	return nil
}

func (w *world) putBack(n *node) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.harmed, n)
}
