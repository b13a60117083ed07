package launch

import "testing"

func TestUserAgent(t *testing.T) {
	t.Parallel()
	const webkit, end = " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0", " Safari/537.36"
	for _, row := range []struct{ goos, version, want string }{
		{"linux", "Chromium 156.0.8078.108 built on Debian\n", "Mozilla/5.0 (X11; Linux x86_64)" + webkit + end},
		{"darwin", "Google Chrome 156.0.8078.108 ", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)" + webkit + end},
		{"windows", "msedge.exe 156.0.3099.1", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + end + " Edg/156.0.0.0"},
		{"linux", "sleep (GNU coreutils) 9.7", ""},
		{"plan9", "Chromium 156.0.8078.108", ""},
	} {
		if got := userAgent(row.goos, row.version, Browser{Version: row.version}.Edge()); got != row.want {
			t.Errorf("userAgent(%s, %s) = %s, want %s", row.goos, row.version, got, row.want)
		}
	}
}

func TestEdge(t *testing.T) {
	t.Parallel()
	for want, list := range map[bool][]Browser{
		true: {
			{Path: "/opt/microsoft/msedge/msedge"}, {Path: "/usr/bin/microsoft-edge-stable"},
			{Path: "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"}, {Path: "/x/MSEdge.exe"},
			{Path: "/opt/browser", Version: "Microsoft Edge 156.0.3099.1 \n"},
		},
		false: {
			{Path: "/usr/lib/chromium/chromium", Version: "Chromium 156.0.8078.108 built on Debian\n"},
			{Path: "/opt/microsoft/other"}, {},
		},
	} {
		for _, b := range list {
			if got := b.Edge(); got != want {
				t.Errorf("%+v: %v", b, got)
			}
		}
	}
}
