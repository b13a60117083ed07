package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// openLog opens the log of a run: JSON lines in --log-file, else in the output
// directory. Starts add to it. Nothing of it goes to the terminal: what a user
// must know is in the progress lines and the error.
func openLog(s config.Settings, out string) (*logrus.Logger, io.Closer, error) {
	level, err := s.Level()
	if err != nil {
		return nil, nil, wrongUse("", "%v", err)
	}
	file, err := openLogFile(s.LogFile, out)
	if err != nil {
		return nil, nil, cannot("give another one with --log-file", "log file: %v", err)
	}
	log := logrus.New()
	log.SetOutput(mute{file})
	log.SetFormatter(masked{&logrus.JSONFormatter{}})
	log.SetLevel(level)
	return log, file, nil
}

// openLogFile opens the log's file to add to it.
func openLogFile(named, out string) (*os.File, error) {
	const how = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if named != "" {
		return os.OpenFile(named, how, 0o600)
	}
	root, err := outdir.MakeState(out)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(outdir.LogFile, how, 0o600)
}

// masked is a log's format without the queries of addresses, whoever has written
// them.
type masked struct{ logrus.Formatter }

// Format implements logrus.Formatter.
func (m masked) Format(e *logrus.Entry) ([]byte, error) {
	line, err := m.Formatter.Format(e)
	return []byte(po.MaskAddresses(string(line))), err
}

// mute is a log whose errors are nobody's business: logrus would tell each to the
// terminal, and a full disk is told by the run itself.
type mute struct{ w io.Writer }

// Write implements io.Writer.
func (m mute) Write(p []byte) (int, error) {
	_, _ = m.w.Write(p)
	return len(p), nil
}

// logEvent writes an event into the log, with the fields that it has in JSON. What
// happens all the time is for debugging only.
func logEvent(log *logrus.Logger, event any) {
	name, level := messages.EventName(event), logrus.InfoLevel
	switch e := event.(type) {
	case messages.WorkerStarted, messages.OrderStarted, messages.OrderRead, messages.FileProgress, messages.FilesFetched,
		messages.PageRequested, messages.PageRead:
		level = logrus.DebugLevel
	case messages.WorkerLost, messages.PoolResized, messages.PortalPaced, messages.JobStuck, messages.JobReturned,
		messages.OrdersReopened, messages.OrderQuarantined, messages.FaultInjected, messages.ResultsWarning,
		messages.SessionLost, messages.SessionRestored:
		level = logrus.WarnLevel
	case messages.RunCleaned:
		if len(e.Leftovers) > 0 {
			level = logrus.WarnLevel
		}
	}
	if name == "" || !log.IsLevelEnabled(level) {
		return
	}
	line, err := json.Marshal(event)
	var fields map[string]json.RawMessage
	if err := errors.Join(err, json.Unmarshal(line, &fields)); err != nil {
		return // only for values that JSON has no form for: no event has any
	}
	entry := logrus.NewEntry(log)
	for field, value := range fields {
		entry.Data[field] = value
	}
	entry.Log(level, strings.ReplaceAll(name, "_", " "))
}
