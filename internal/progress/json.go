package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// JSON writes each event as one JSON line: "time" is when it was written, "event"
// names it, and the rest are its fields as their JSON tags say (docs/events.md).
// It is not safe for concurrent use.
type JSON struct {
	out io.Writer
	now func() time.Time
}

// NewJSON writes to out. now is the clock, like time.Now.
func NewJSON(out io.Writer, now func() time.Time) *JSON {
	return &JSON{out: out, now: now}
}

// Event writes one event. Events it does not know are left out: a host's own
// are no business of the command line.
func (j *JSON) Event(event any) {
	if name := messages.EventName(event); name != "" {
		WriteJSON(j.out, eventLine{Stamp{j.now().UTC(), name}, event})
	}
}

// eventLine is an event with its stamp in front of its fields.
type eventLine struct {
	stamp Stamp
	event any
}

// MarshalJSON implements json.Marshaler.
func (l eventLine) MarshalJSON() ([]byte, error) {
	stamp, err := json.Marshal(l.stamp)
	if err != nil {
		return nil, err
	}
	fields, err := json.Marshal(l.event)
	if err != nil || string(fields) == "{}" {
		return stamp, err
	}
	return slices.Concat(stamp[:len(stamp)-1], []byte{','}, fields[1:]), nil
}

// Stamp begins a JSON line that is no event of the run: an error, say.
type Stamp struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"`
}

// Now is the stamp of an event that is told now.
func Now(event string) Stamp { return Stamp{time.Now().UTC(), event} }

// WriteJSON writes a value as one JSON line that is safe for a terminal.
func WriteJSON(out io.Writer, v any) {
	line, err := json.Marshal(v)
	if err != nil {
		return // only for values that JSON has no form for: there are none in what is written
	}
	fmt.Fprintln(out, po.MaskAddresses(ascii(line)))
}

// Indented writes a value as indented JSON that is safe for a terminal.
func Indented(out io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text) + "\n") { // line ends are between the strings
		if _, err := fmt.Fprintln(out, ascii([]byte(strings.TrimSuffix(line, "\n")))); err != nil {
			return err
		}
	}
	return nil
}

// ascii escapes what a terminal could act on. Such characters stand inside
// strings only.
func ascii(line []byte) string {
	var b strings.Builder
	for _, r := range string(line) {
		switch {
		case unsafe(r) && r > 0xFFFF:
			hi, lo := 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		case unsafe(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
