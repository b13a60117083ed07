package main

import (
	"io"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
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

// logEvent writes the story of the run into the log: how each order ended, and
// what happened to the workers. Fields are chosen one by one: an event may
// carry credentials.
func logEvent(log *logrus.Logger, event any) {
	switch e := event.(type) {
	case messages.BatchMerged:
		log.WithFields(logrus.Fields{"start": e.Start, "new": e.New, "back": e.Back, "gone": e.Gone, "settled": e.Settled,
			"again": e.Again, "open": e.Open, "later": e.Later}).Info("batch merged")
	case messages.OutputAudited:
		log.WithFields(logrus.Fields{"orders": e.Orders, "kept": e.Kept, "missing": e.Missing, "opened": e.Opened,
			"finished": e.Finished, "strange": e.Strange, "paths": e.Paths}).Info("output audited")
	case messages.LeftoversRemoved:
		log.WithFields(logrus.Fields{"profiles": e.Profiles, "browsers": e.Processes, "bytes": e.Bytes}).Info("leftovers removed")
	case messages.RunCleaned:
		if len(e.Left) > 0 {
			log.WithField("left", e.Left).Warn("not everything could be removed")
		}
	case messages.RunStarted:
		log.WithFields(logrus.Fields{"portal": e.Portal, "workers": e.Workers}).Info("run started")
	case messages.Advised:
		log.WithFields(logrus.Fields{"workers": e.Workers, "binds": e.Binds, "reason": e.Text}).Info("advice")
	case messages.FaultInjected:
		log.WithFields(logrus.Fields{"fault": e.Fault, "at": e.At, "profile": e.Profile}).Warn("fault injected")
	case messages.WorkerReady:
		if e.Took > 0 { // the first time of its browser
			log.WithFields(logrus.Fields{"worker": e.Worker.Name, "profile": e.Profile, "took": e.Took.String()}).Info("worker ready")
		}
	case messages.WorkerLost:
		log.WithFields(logrus.Fields{"worker": e.Worker, "cause": e.Cause, "detail": e.Detail,
			"again": e.Again.String(), "gave_up": e.GaveUp}).Warn("worker lost")
	case messages.WorkerRecycled:
		log.WithFields(logrus.Fields{"worker": e.Worker, "reason": e.Reason}).Info("worker gets a fresh browser")
	case messages.WorkerDismissed:
		log.WithFields(logrus.Fields{"worker": e.Worker}).Info("worker dismissed")
	case messages.PoolResized:
		log.WithFields(logrus.Fields{"from": e.From, "to": e.To, "binds": e.Binds, "reason": e.Reason}).Warn("pool resized")
	case messages.PortalPaced:
		log.WithFields(logrus.Fields{"reading": e.Reading, "hold": e.Hold.String(), "reason": e.Reason}).Warn("portal paced")
	case messages.JobStuck:
		log.WithFields(logrus.Fields{"worker": e.Worker, "order": e.Written, "for": e.For.String()}).Warn("job is stuck")
	case messages.JobReturned:
		log.WithFields(logrus.Fields{"worker": e.Worker, "order": e.Written, "after": e.After.String()}).Warn("stuck job came back")
	case messages.OrdersReopened:
		for _, o := range e.Outcomes {
			log.WithFields(logrus.Fields{"order": o.Key, "status": o.Status, "reason": e.Reason}).Warn("outcome does not count")
		}
	case messages.SessionProbed:
		log.WithFields(logrus.Fields{"order": e.Key, "worker": e.Worker, "sign": e.Sign, "cause": e.Cause, "detail": e.Detail,
			"took": e.Took.String()}).Info("session probed")
	case messages.OrderQuarantined:
		log.WithFields(logrus.Fields{"order": e.Key, "deaths": e.Deaths, "worker": e.Worker}).Warn("order in quarantine")
	case messages.OrderStarted:
		log.WithFields(logrus.Fields{"order": e.Key, "worker": e.Worker.Name, "attempt": e.Attempt}).Debug("order started")
	case messages.OrderRetried:
		withMissing(log, e.Failure.Missing).WithFields(logrus.Fields{"order": e.Key, "worker": e.Worker, "attempt": e.Attempt, "cause": e.Failure.Cause,
			"detail": e.Failure.Detail, "after": e.After.String()}).Info("order retried")
	case messages.OrderReleased:
		log.WithFields(logrus.Fields{"order": e.Key, "cause": e.Failure.Cause, "detail": e.Failure.Detail}).Info("order put back")
	case messages.OrderSettled:
		o := e.Outcome
		withMissing(log, o.Missing).WithFields(logrus.Fields{"order": o.Key, "worker": e.Worker, "status": o.Status, "cause": o.Cause,
			"detail": o.Detail, "files": len(o.Files), "attempts": o.Attempts, "took": e.Took.String()}).Info("order settled")
	case messages.RunEnded:
		log.WithFields(logrus.Fields{"counts": e.Counts, "open": e.Open, "later": e.Later, "cause": e.Cause, "detail": e.Detail}).Info("run ended")
	}
}

// withMissing is a line of the log that names the files that are missing, if any.
func withMissing(log *logrus.Logger, missing []po.Missing) *logrus.Entry {
	entry := logrus.NewEntry(log)
	if len(missing) > 0 {
		entry = entry.WithField("missing_files", progress.MissingFiles(missing))
	}
	return entry
}
