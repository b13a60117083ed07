package portal

import "testing"

func TestMatchesURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		pattern string
		address string
		want    bool
	}{
		{"part", "/login", "https://a.example/login/x", true},
		{"part, other case", "/Login", "https://a.example/LOGIN", true},
		{"not there", "/login", "https://a.example/logout", false},
		{"only in the query", "/login", "https://a.example/o?next=/login", false},
		{"only in the fragment", "/login", "https://a.example/o#/login", false},
		{"pattern with a query", "?signin=1", "https://a.example/o?signin=1", true},
		{"pattern with a fragment", "#/login", "https://a.example/app#/login", true},
		{"whole", "https://*.sso.example/*", "https://a.sso.example/x", true},
		{"whole, query left out", "https://a.example/login*", "https://a.example/login?x", true},
		{"whole, something before", "a.example/*", "https://a.example/", false},
		{"whole, something behind", "*/login", "https://a.example/login/x", false},
		{"two stars", "*//a*/b*", "https://a.example/x/b/c", true},
		{"parts may not overlap", "https://ab*ba", "https://aba", false},
		{"only a star", "*", "https://a.example/", true},
		{"empty", "", "https://a.example/", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := (Sign{URLs: []string{"nowhere", tt.pattern}}).MatchesURL(tt.address); got != tt.want {
				t.Errorf("%s in %s: %t, want %t", tt.pattern, tt.address, got, tt.want)
			}
		})
	}
	if (Sign{}).MatchesURL("https://a.example/") {
		t.Error("no pattern matches")
	}
}

func TestMatchesStatus(t *testing.T) {
	t.Parallel()
	s := Sign{Statuses: []int{404, 410}}
	if !s.MatchesStatus(410) || s.MatchesStatus(200) || (Sign{}).MatchesStatus(0) {
		t.Error("a status matches that is not there, or the other way round")
	}
}
