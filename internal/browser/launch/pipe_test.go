package launch

import (
	"bufio"
	"bytes"
	"testing"
)

func FuzzPipe(f *testing.F) {
	f.Add([]byte("{\"id\":1}\x00nonsense\x00[]\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Pipe{buf: bufio.NewReader(bytes.NewReader(data))}
		for {
			msg, err := r.Read()
			if err != nil {
				return
			}
			if msg.ID == 0 && msg.Method == "" {
				t.Error("neither an answer nor an event")
			}
		}
	})
}
