package page_test

import (
	"testing"

	"redial/cmd/internal/web/page"
	"redial/cmd/internal/web/page/pagetest"
)

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	t.Parallel()
	pagetest.Texts(t, page.Shared(), []string{"title"})
}
