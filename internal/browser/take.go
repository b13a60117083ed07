package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// MaxAnswer is how much a page may give to a program's work at once, in bytes of JSON.
const MaxAnswer = 16 << 20

// answerPart is how much of that comes in one message, in characters.
const answerPart = 512 << 10

//go:embed take.js
var takeJS string

// take evaluates an expression in a world of a page, 0 being the page's own, and decodes what it
// gives, or what its promise becomes, into result, which may be nil. More than MaxAnswer is
// refused, and never sent.
func (w cdpClient) take(world int, expression string, result any) error {
	answer, err := proto.RuntimeEvaluate{
		Expression:   fmt.Sprintf("(%s)(() => (%s\n), %d, %d)", takeJS, expression, MaxAnswer, answerPart),
		ContextID:    proto.RuntimeExecutionContextID(world),
		AwaitPromise: true,
	}.Call(w)
	switch {
	case err != nil:
		return err
	case answer.ExceptionDetails != nil:
		return &scriptError{text: exceptionText(answer.ExceptionDetails)}
	case answer.Result.ObjectID == "":
		return decodeAnswer(answer.Result, result)
	}
	held := heldAnswer{w, answer.Result.ObjectID}
	defer held.release()
	return held.take(result)
}

// heldAnswer is what take.js holds in the page.
type heldAnswer struct {
	cdpClient
	id proto.RuntimeRemoteObjectID
}

func (h heldAnswer) release() { _ = proto.RuntimeReleaseObject{ObjectID: h.id}.Call(h) }

// get calls a function on what is held.
func (h heldAnswer) get(expression string, result any) error {
	answer, err := proto.RuntimeCallFunctionOn{ObjectID: h.id, ReturnByValue: true,
		FunctionDeclaration: "function() { return " + expression + " }"}.Call(h)
	switch {
	case err != nil:
		return err
	case answer.ExceptionDetails != nil:
		return &scriptError{text: exceptionText(answer.ExceptionDetails)}
	}
	return decodeAnswer(answer.Result, result)
}

func (h heldAnswer) take(result any) error {
	var is struct {
		Size  int64
		Parts int
	}
	if err := h.get("{size: this.size, parts: this.parts}", &is); err != nil {
		return err
	}
	switch {
	case is.Size != 0:
		return tooLarge("what the page gives", is.Size)
	case result == nil:
		return nil
	case is.Parts == 0:
		return h.get("this.value", result)
	}
	var text strings.Builder
	for i := range is.Parts {
		var part string
		if err := h.get(fmt.Sprintf("this.part(%d)", i), &part); err != nil {
			return err
		}
		if text.WriteString(part); text.Len() > MaxAnswer { // the page has lied
			return tooLarge("what the page gives", int64(text.Len()))
		}
	}
	return decodeFailure(json.Unmarshal([]byte(text.String()), result))
}

// decodeAnswer decodes a value that the browser has sent.
func decodeAnswer(o *proto.RuntimeRemoteObject, result any) error {
	switch {
	case result == nil || o.Type == proto.RuntimeRemoteObjectTypeUndefined:
		return nil
	case o.UnserializableValue != "" && o.UnserializableValue != "-0":
		return &po.ReadFailure{Cause: po.TaskFailed, Answered: true, Detail: fmt.Sprintf(
			"a script has returned %s, which JSON does not have", po.Clip(string(o.UnserializableValue), 50))}
	case o.UnserializableValue != "":
		return decodeFailure(json.Unmarshal([]byte("0"), result))
	}
	return decodeFailure(o.Value.Unmarshal(result))
}

func decodeFailure(err error) error {
	if err == nil {
		return nil
	}
	return &po.ReadFailure{Cause: po.TaskFailed, Answered: true, Detail: "what a script has returned: " + err.Error()}
}

// tooLarge refuses what is more than MaxAnswer. Another try would give the same.
func tooLarge(what string, size int64) error {
	has := fmt.Sprintf("has %.1f MiB", float64(size)/(1<<20))
	if size < 0 {
		has = "is longer than any text"
	}
	return &po.ReadFailure{Cause: po.TaskFailed, Final: true, Answered: true, Detail: fmt.Sprintf(
		"%s %s, and a step may give %d MiB: ask for a part of it, or save it as a file", what, has, MaxAnswer>>20)}
}
