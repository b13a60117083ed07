package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/config"
)

// openLog opens the log of a run: JSON lines in --log-file, else in the output
// directory. Starts add to it. Nothing of it goes to the terminal: what a user
// must know is in the progress lines and the error.
func openLog(s config.Settings, out string) (*logrus.Logger, io.Closer, error) {
	path := s.LogFile
	if path == "" {
		path = filepath.Join(out, stateDir, "run.log")
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, cannot("give another one with --log-file", "log file: %v", err)
	}
	level, err := s.Level()
	if err != nil {
		return nil, nil, wrongUse("", "%v", err)
	}
	log := logrus.New()
	log.SetOutput(file)
	log.SetFormatter(&logrus.JSONFormatter{})
	log.SetLevel(level)
	return log, file, nil
}
