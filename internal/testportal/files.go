package testportal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"strconv"
)

// attachment serves a file, or what its trouble makes of it.
func (p *Portal) attachment(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	f := p.files[id]
	switch {
	case f == nil:
		p.message(w, http.StatusNotFound, "en", phraseOops)
		return
	case r.Method == http.MethodGet && p.opts.Lists.addLinks(): // also of what has a form otherwise
	case f.link == linkForm && r.Method != http.MethodPost, f.link != linkForm && r.Method != http.MethodGet:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	case f.link == linkForm && r.PostFormValue("authenticity_token") != p.formToken(f):
		p.message(w, http.StatusUnprocessableEntity, "en", "The change you wanted was rejected.")
		return
	}
	if !p.punched(r) {
		p.message(w, http.StatusForbidden, "en", "This link has been used.")
		return
	}
	fault := p.fault(RequestFile, r.URL.Path, f.trouble)
	if p.meet(w, r, fault) || !p.wait(r.Context(), p.opts.FileLatency) {
		return
	}
	p.serve(w, f, fault)
}

// serve answers with a file. Too few bytes make net/http drop the connection.
func (p *Portal) serve(w http.ResponseWriter, f *file, fault Fault) {
	body, _ := p.press.print(f)
	head := w.Header()
	head.Set("Cache-Control", "private, no-store")
	if fault == HTML {
		p.message(w, http.StatusOK, "en", "This document is being checked for viruses. Please try again later.")
		return
	}
	disposition := "attachment"
	if f.link.inline() {
		disposition = "inline"
	}
	head.Set("Content-Type", f.doc.mediaType())
	head.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": f.name}))
	switch fault {
	case Disguise:
		body = []byte("<!doctype html><html><head><title>Error</title></head><body><h1>The document could not be rendered</h1></body></html>")
	case Unannounced:
		_ = http.NewResponseController(w).Flush() // sends the head without a length
		return
	}
	announced := len(body)
	if fault == Truncate {
		announced = max(1, announced) // or an empty file would be whole
	}
	head.Set("Content-Length", strconv.Itoa(announced))
	if fault == Truncate {
		w.WriteHeader(http.StatusOK)
		body = body[:len(body)/2]
	}
	_, _ = w.Write(body) // a client that goes away is no news
}

// formToken is what the form of a file must send back; empty for other files.
func (p *Portal) formToken(f *file) string {
	if f.link != linkForm {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d form %d", p.opts.Seed, f.id))
	return hex.EncodeToString(sum[:12])
}
