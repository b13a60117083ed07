package browser

import "testing"

// What addresses have behind them stays out of the console's text, also where they are
// relative; sentences stay as they are.
func TestConsoleWithoutQueries(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"GET /files/7?token=s3cr3t 500":                        "GET /files/7 500",
		"GET /files/7?s3cr3t":                                  "GET /files/7",
		`fetch("orders/1?sig=s3cr3t&x=1") failed`:              `fetch("orders/1") failed`,
		"at (https://acme.example/app.js?v=s3cr3t:12:3)":       "at (https://acme.example/app.js)",
		"#access_token=s3cr3t was left":                        " was left",
		"?code=s3cr3t&state=s3cr3t":                            "",
		"is it there? no, and/or gone? #1 of 2":                "is it there? no, and/or gone? #1 of 2",
		"./list?page=2#a=s3cr3t, ../x?y=s3cr3t":                "./list ../x",
		"Uncaught TypeError: can't read 'a?.b' of undefined 1": "Uncaught TypeError: can't read 'a?.b' of undefined 1",
	} {
		if got := withoutQueries(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
