package messages

// ResultsWarning says that a file of the results is not as, or where, people look for
// it: another program holds it, so that what is new is in a file beside it; somebody
// has edited it, so that it has another name now; it is of an earlier list; or it is
// UTF-8, as the list's own encoding lacks a character. It has no name in JSON: the
// command shows it as one of its warnings.
type ResultsWarning struct {
	File string // its name in the output directory
	Text string // in words, for people
}
