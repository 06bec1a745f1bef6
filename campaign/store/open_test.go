package store_test

import (
	"path/filepath"
	"testing"

	"redial/campaign/store"
)

func TestOpenAgainKeepsTheSchema(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "r.db")
	for range 2 {
		s, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
