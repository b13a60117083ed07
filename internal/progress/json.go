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

// Schema is the version of what is written as JSON lines (docs/events.schema.json). It is
// another one when a field goes or changes; new fields and events are no reason.
const Schema = 1

// JSON writes each event as one JSON line: "schema" is the version of the lines, "time"
// is when it was written, "event" names it, and the rest are its fields as their JSON tags
// say (docs/events.md).
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
func (j *JSON) Event(event any) { WriteEvent(j.out, j.now(), event) }

// WriteEvent writes one event as of a moment, like JSON.
func WriteEvent(out io.Writer, at time.Time, event any) {
	if name := messages.EventName(event); name != "" {
		WriteJSON(out, eventLine{Stamp{Schema, at.UTC(), name}, event})
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
	Schema int       `json:"schema"`
	Time   time.Time `json:"time"`
	Event  string    `json:"event"`
}

// Now is the stamp of an event that is told now.
func Now(event string) Stamp { return Stamp{Schema, time.Now().UTC(), event} }

// WriteLine writes a value, an object in JSON, as the JSON line of an event.
func WriteLine(out io.Writer, event string, v any) { WriteJSON(out, eventLine{Now(event), v}) }

// WriteJSON writes a value as one JSON line that is safe for a terminal.
func WriteJSON(out io.Writer, v any) {
	line, err := json.Marshal(v)
	if err != nil {
		return // only for values that JSON has no form for: there are none in what is written
	}
	fmt.Fprintln(out, po.MaskAddresses(ascii(line)))
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
