package cmdlet

import (
	"errors"
	"strconv"
	"strings"

	"entente"
)

// maxResults is what -ResultSize Unlimited means.
const maxResults = 10_000

// resultSize reads -ResultSize, which is a number or Unlimited.
func (c *call) resultSize(usual int) (int, error) {
	text := c.Text("ResultSize")
	switch {
	case text == "":
		return usual, nil
	case strings.EqualFold(text, "Unlimited"):
		return maxResults, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxResults {
		return 0, entente.Errorf(entente.Invalid, "-ResultSize is a number up to %d, or Unlimited", maxResults)
	}
	return n, nil
}

func isNotFound(err error) bool {
	var e *entente.Error
	return errors.As(err, &e) && e.Kind == entente.NotFound
}
