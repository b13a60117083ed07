package browser

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
)

// cdpClient calls commands of the protocol: of the browser, or of one tab of it.
type cdpClient struct {
	ctx  context.Context
	conn *conn
	tab  proto.TargetSessionID // empty: the browser's own commands
}

// Call makes cdpClient a proto.Client.
func (w cdpClient) Call(ctx context.Context, tab, method string, params any) ([]byte, error) {
	answer, err := w.conn.Call(ctx, tab, method, params)
	if _, refused := errors.AsType[*po.ReadFailure](err); refused {
		return nil, err
	}
	if err != nil && !isProtocolError(err) && ctx.Err() == nil {
		return nil, &browserGone{cause: po.BrowserDied, detail: "the browser's process ended"}
	}
	return answer, err
}

// GetContext makes cdpClient a proto.Contextable.
func (w cdpClient) GetContext() context.Context { return w.ctx }

// GetSessionID makes cdpClient a proto.Sessionable.
func (w cdpClient) GetSessionID() proto.TargetSessionID { return w.tab }

// raw calls a command with fields that rod's types do not have.
func (w cdpClient) raw(method string, params map[string]any, result any) error {
	data, err := w.Call(w.ctx, string(w.tab), method, params)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(data, result)
}

// evaluate runs an expression in a world of a page and decodes what its
// promise becomes. result may be nil.
func (w cdpClient) evaluate(world int, expression string, result any) error {
	return w.run(world, expression, false, result)
}

// run is evaluate. As a gesture it passes for the user's own doing, so that a
// click may open a window; whatever else the page does then may do so too.
func (w cdpClient) run(world int, expression string, gesture bool, result any) error {
	answer, err := proto.RuntimeEvaluate{
		Expression:    expression,
		ContextID:     proto.RuntimeExecutionContextID(world),
		ReturnByValue: true,
		AwaitPromise:  true,
		UserGesture:   gesture,
	}.Call(w)
	switch {
	case err != nil:
		return err
	case answer.ExceptionDetails != nil:
		return &scriptError{text: exceptionText(answer.ExceptionDetails)}
	case result == nil:
		return nil
	}
	return answer.Result.Value.Unmarshal(result)
}

// isolatedWorld makes a world for our scripts in a frame, which the page's own do not
// see.
func (w cdpClient) isolatedWorld(frame proto.PageFrameID) (world int, err error) {
	made, err := proto.PageCreateIsolatedWorld{FrameID: frame, WorldName: "poactor"}.Call(w)
	if err != nil {
		return 0, err
	}
	return int(made.ExecutionContextID), nil
}

// scriptError is an exception of our own script in a page.
type scriptError struct{ text string }

func (e *scriptError) Error() string { return "script in the page: " + e.text }

func exceptionText(d *proto.RuntimeExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return po.Clip(d.Exception.Description, 300)
	}
	return po.Clip(d.Text, 300)
}

// isProtocolError reports whether the browser answered a call with an error, like one
// about a page that is just being left.
func isProtocolError(err error) bool {
	_, is := errors.AsType[*launch.ProtocolError](err)
	return is
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
