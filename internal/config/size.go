package config

import (
	"errors"
	"math"
	"strconv"

	"github.com/dustin/go-humanize"
)

// size is a flag for a number of bytes, like 500MB or 2GiB. A negative one is not
// set.
type size int64

// String implements pflag.Value.
func (s *size) String() string {
	if *s < 0 {
		return ""
	}
	text := humanize.IBytes(uint64(*s))
	if n, err := humanize.ParseBytes(text); err != nil || n != uint64(*s) {
		return strconv.FormatInt(int64(*s), 10)
	}
	return text
}

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	if text == "" {
		*s = -1
		return nil
	}
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64 {
		return errors.New("must be a size like 500MB or 2GiB")
	}
	*s = size(n)
	return nil
}

// Type implements pflag.Value.
func (s *size) Type() string { return "size" }

// bound is a size in the words of poactor.Config, where 0 is the default and a
// negative one none.
func bound(bytes int64) int64 {
	switch {
	case bytes < 0:
		return 0
	case bytes == 0:
		return -1
	}
	return bytes
}
