package config

import "testing"

// Without a host metrics are for this machine only.
func TestMetricsAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "9464": "127.0.0.1:9464", ":9464": "127.0.0.1:9464", ":0": "127.0.0.1:0", "0.0.0.0:9464": "0.0.0.0:9464",
		"[::1]:9464": "[::1]:9464", "metrics.example:80": "metrics.example:80",
		"yes": "wrong", ":": "wrong", "localhost": "wrong", ":65536": "wrong", ":-1": "wrong", "::1:9464": "wrong", "http://x:1": "wrong",
	} {
		got, err := Settings{Metrics: text}.MetricsAddress()
		if err != nil {
			got = "wrong"
		}
		if got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}
