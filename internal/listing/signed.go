package listing

import (
	"net/url"
	"slices"
	"strings"
)

// signature is a way to sign links: where a query has the mark, what begins like one
// of fields is of the signature, and the rest of the address names the document.
type signature struct {
	mark   string
	fields []string // in lower case; whole names, but those that end in a hyphen
}

var signatures = []signature{
	{"x-amz-signature", []string{"x-amz-"}},                                    // S3
	{"awsaccesskeyid", []string{"awsaccesskeyid", "signature", "expires"}},     // S3, once
	{"key-pair-id", []string{"key-pair-id", "signature", "policy", "expires"}}, // CloudFront
	{"x-goog-signature", []string{"x-goog-"}},                                  // Google Cloud Storage
	{"googleaccessid", []string{"googleaccessid", "signature", "expires"}},
	{"ossaccesskeyid", []string{"ossaccesskeyid", "signature", "expires"}}, // Alibaba
	{"x-oss-signature", []string{"x-oss-signature", "x-oss-date", "x-oss-expires", "x-oss-credential"}},
	{"q-signature", []string{"q-"}},                                                                             // Tencent
	{"sig", []string{"sig", "sv", "se", "st", "sp", "spr", "sr", "ske", "skt", "sks", "skv", "skoid", "sktid"}}, // Azure
	{"hdnea", []string{"hdnea"}},                                                                                // Akamai
	{"hdnts", []string{"hdnts"}},
	{"__token__", []string{"__token__"}},
	{"__gda__", []string{"__gda__"}},
}

// unsigned is an address without what it is signed with, so that it is the same at
// each look. A token that nobody knows stays: it may be all that tells two documents
// apart.
func unsigned(u *url.URL) string {
	query := u.Query()
	names := map[string]bool{}
	for name := range query {
		names[strings.ToLower(name)] = true
	}
	before := len(query)
	for _, s := range signatures {
		if !names[s.mark] || s.mark == "sig" && !names["se"] && !names["sv"] {
			continue
		}
		for name := range query {
			if s.has(strings.ToLower(name)) {
				query.Del(name)
			}
		}
	}
	if len(query) == before {
		return u.String()
	}
	bare := *u
	bare.RawQuery = query.Encode()
	return bare.String()
}

func (s signature) has(name string) bool {
	return slices.ContainsFunc(s.fields, func(f string) bool {
		return name == f || strings.HasSuffix(f, "-") && strings.HasPrefix(name, f)
	})
}
