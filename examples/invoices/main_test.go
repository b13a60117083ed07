package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor"
)

const document = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

// site is a portal whose pages are drawn by scripts, and whose documents come by a click.
func site() http.Handler {
	mux := http.NewServeMux()
	signedIn := func(r *http.Request) bool {
		c, err := r.Cookie("session")
		return err == nil && c.Value == "of-me"
	}
	page := func(w http.ResponseWriter, status int, text string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, "<!doctype html>"+text)
	}
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		page(w, 200, `<title>Sign in</title><form method=post><input name=user><input name=password type=password><button type=submit>Go</button></form>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("user") != "me" || r.FormValue("password") != "correct horse" {
			page(w, 200, `<title>Sign in</title>Wrong.`)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-me", Path: "/", HttpOnly: true})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /home", func(w http.ResponseWriter, _ *http.Request) { page(w, 200, "<title>Home</title>") })
	mux.HandleFunc("GET /invoices/{number}", func(w http.ResponseWriter, r *http.Request) {
		switch number := r.PathValue("number"); {
		case !signedIn(r):
			page(w, http.StatusUnauthorized, "<title>Sign in</title>")
		case !strings.HasPrefix(number, "2024-"):
			page(w, http.StatusNotFound, "<title>Not found</title>")
		default:
			page(w, 200, fmt.Sprintf(`<title>%[1]s</title><h1>Acme</h1><div id=rest></div><script>setTimeout(() => {
				rest.innerHTML = '<b id=total>12.50</b> <button id=pdf>PDF</button>';
				document.querySelector('#pdf').onclick = () => location = '/pdf/%[1]s';
			}, 150)</script>`, number))
		}
	})
	mux.HandleFunc("GET /pdf/{number}", func(w http.ResponseWriter, r *http.Request) {
		if !signedIn(r) {
			http.Error(w, "sign in", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/pdf")
		w.Header().Set("Content-Disposition", "attachment; filename=invoice.pdf")
		_, _ = io.WriteString(w, document+"% "+r.PathValue("number"))
	})
	return mux
}

// On real browsers: each signs in once; an invoice that does not exist ends for good.
func TestFaultsInvoices(t *testing.T) {
	server := httptest.NewServer(site())
	defer server.Close()
	cfg := poactor.Config{Out: t.TempDir(), Workers: 2, NoSandbox: os.Geteuid() == 0}
	p := portal{server.URL, "me", "correct horse"}
	if err := p.run(t.Context(), cfg, []string{"2024-001", "2024-002", "2024-003", "2023-001"}); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"2024-001", "2024-002", "2024-003"} {
		text, err := os.ReadFile(filepath.Join(cfg.Out, number, number+".pdf"))
		if err != nil || !strings.HasSuffix(string(text), number) {
			t.Errorf("%s: %q, %v", number, text, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(cfg.Out, "results.jsonl"))
	if err != nil || strings.Count(string(text), `"status":"COMPLETED"`) != 3 || !strings.Contains(string(text), `"cause":"not_found"`) {
		t.Errorf("%s, %v", text, err)
	}
	err = filepath.WalkDir(cfg.Out, func(path string, d fs.DirEntry, err error) error { // the password is nowhere
		if err != nil || d.IsDir() {
			return err
		}
		if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), "correct horse") || strings.Contains(string(text), "of-me") {
			t.Errorf("%s has a secret, or cannot be read: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
