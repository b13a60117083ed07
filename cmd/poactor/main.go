// Command poactor brings home the documents attached to purchase orders.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/cmd/poactor/internal/norod"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
)

func main() {
	os.Unsetenv(norod.Variable)    // it has done its work and is no business of our children
	signal.Ignore(syscall.SIGPIPE) // a reader of our output who leaves must not end a run
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.LookupEnv}
	os.Exit(a.main(os.Args[1:]))
}

// app is what a command works with: its streams and its surroundings.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	browsers       actors.Browsers // nil: real ones; tests have others
	configFile     string
	log            *logrus.Logger // of the run, once it is open
	logFile        io.Closer      // behind it
	code           int            // of a command that ended without an error
}

// main runs the command line and returns the exit code. A panic is a bug: the
// user gets a line, the log gets the stack.
func (a *app) main(args []string) (code int) {
	defer func() {
		if a.logFile != nil {
			_ = a.logFile.Close()
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			if a.log != nil {
				a.log.WithField("stack", string(debug.Stack())).Errorf("panic: %v", p)
			}
			complain(a.stderr, fmt.Errorf("%v", p))
			code = exitBug
		}
	}()
	root := a.root()
	root.SetArgs(args)
	if err := root.ExecuteContext(context.Background()); err != nil {
		complain(a.stderr, err)
		return errorCode(err)
	}
	return a.code
}

// warn tells of something that does not stop the run.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.stderr, "poactor: warning: %s\n", progress.Line(fmt.Sprintf(format, args...)))
}

// userConfig is the config file that applies.
func (a *app) userConfig() string {
	named := a.configFile
	if named == "" {
		named, _ = a.env(config.EnvName("config"))
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = "" // no home directory: then there is no file in it
	}
	return config.Find(named, dir)
}
