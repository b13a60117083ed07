// Package browser runs real browsers and reads a portal's pages with them. It
// has package launch start Chromium, Chrome or Edge, speaks the DevTools protocol
// with it over a private pipe, and answers in the words of package po.
//
// Of rod it uses the protocol's types and client (lib/proto, lib/cdp), not its
// pages: those enable domains that cost, panic in goroutines of their own and
// bring a launcher that is not wanted here.
//
// The order of reading: launcher.go (a browser is started), session.go (what
// it does while it lives), read.go (one order), visit.go (one page), click.go and
// clickresult.go (documents that only a browser can get), notafile.go (what came
// instead), download.go (files that it saves), interceptor.go (where it may go),
// requests.go and network.go (what the page still waits for). Beside that: seed.go
// (cookies put into a profile), fault.go (fault runs),
// cdpclient.go (commands of the protocol).
package browser
