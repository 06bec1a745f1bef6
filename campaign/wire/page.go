package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"redial/campaign"
)

// Page sizes, in rows.
const (
	PageUsual = 50
	PageMost  = 500
)

// sumBytes is how much of the checksum a page token carries: enough that a torn or edited one is noticed.
const sumBytes = 6

var tokenText = base64.RawURLEncoding

// PageSize is how many rows to give.
func PageSize(asked int32) (int, error) {
	switch {
	case asked < 0:
		return 0, campaign.Invalid("page_size", fmt.Sprintf("%d is negative: give 1 to %d, or 0 for %d", asked, PageMost, PageUsual))
	case asked == 0:
		return PageUsual, nil
	default:
		return min(int(asked), PageMost), nil
	}
}

// PageToken is the place to go on at, for the same query only.
func PageToken(query, place any) string {
	raw, err := json.Marshal(place)
	if err != nil {
		panic(fmt.Sprintf("wire: %T is no place in a page: %v", place, err)) // places are numbers and texts
	}
	return tokenText.EncodeToString(append(sumOf(query, raw), raw...))
}

// FromPageToken reads the place that a token holds into place; an empty token leaves it as it is. The error, on
// page_token, is of a token that this server did not give, or gave for another query.
func FromPageToken(token string, query, place any) error {
	if token == "" {
		return nil
	}
	raw, err := tokenText.DecodeString(token)
	if err != nil || len(raw) < sumBytes || !bytes.Equal(raw[:sumBytes], sumOf(query, raw[sumBytes:])) ||
		json.Unmarshal(raw[sumBytes:], place) != nil {
		return campaign.Invalid("page_token", "is not the one this query gave: pass next_page_token unchanged, with the same filters, or begin without one")
	}
	return nil
}

func sumOf(query any, place []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "redial page %T %+v %s", query, query, place))
	return sum[:sumBytes]
}

// Cut leaves size rows of those that were read, one more than that being a sign of more, and is the token after
// the last of them.
func Cut[T any](rows []T, size int, query any, place func(*T) any) ([]T, string) {
	if len(rows) <= size {
		return rows, ""
	}
	return rows[:size], PageToken(query, place(&rows[size-1]))
}
