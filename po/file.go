package po

import (
	"net/url"
	"path"
	"strings"
	"time"
)

// Lane says how a file's bytes came.
type Lane string

// The two lanes.
const (
	LaneHTTP    Lane = "http"    // our HTTP client with the browser's cookies
	LaneBrowser Lane = "browser" // a download of the browser
)

// File is one attachment on disk, whole and verified.
type File struct {
	ID       string    `json:"-"`               // of the attachment that it came from: may carry a signature
	Name     string    `json:"name"`            // its name in the order's folder
	Original string    `json:"-"`               // its name as the portal gave it
	Bytes    int64     `json:"bytes"`           // its size
	SHA256   string    `json:"sha256"`          // 64 lower-case hexadecimal digits
	URL      string    `json:"-"`               // where the bytes came from: may carry a signature
	Lane     Lane      `json:"lane"`            // how they came
	Empty    bool      `json:"empty,omitempty"` // zero bytes, and the portal announces just that
	Time     time.Time `json:"-"`               // when it was whole
}

// FetchJob asks for the files of one order.
type FetchJob struct {
	Order       Order
	Supplier    string
	Saved       Saved // from earlier attempts at this order
	Attachments []Attachment
	Credentials Credentials
	// Replace says that the files in Saved are of a list that may have been another
	// order's: what is not in Attachments is removed.
	Replace bool
}

// FileProgress is how far a file is that is being fetched, and with it the others of its
// order.
type FileProgress struct {
	Name  string `json:"name"` // as the page shows it, else the last part of its address
	Bytes int64  `json:"bytes"`
	Size  int64  `json:"size,omitempty"` // as announced; 0: it is not known
	Whole int    `json:"whole"`          // files of the order that are there
	Files int    `json:"files_listed"`   // by the page
}

// FetchResult answers a FetchJob.
type FetchResult struct {
	// Saved is the order's work folder with every file that is now in it, those
	// of earlier attempts that are still listed included.
	Saved Saved
	// Missing lists the attachments that could not be had.
	Missing []Missing
}

// Missing is an attachment that could not be had, and why.
type Missing struct {
	ID     string `json:"-"`             // of the attachment: may carry a signature
	Name   string `json:"name"`          // for people: as the page shows it, else the last part of its address
	URL    string `json:"url,omitempty"` // for people: without a query; empty if only a click works
	Cause  Cause  `json:"cause"`
	Detail string `json:"detail,omitempty"`
	// Answer is what the portal said instead of giving the file, as PortalAnswer has it;
	// empty if it said nothing. Evidence is the folder of what is kept of the page, relative
	// to the output directory, with forward slashes; empty if nothing is.
	Answer     string        `json:"answer,omitempty"`
	Evidence   string        `json:"evidence,omitempty"`
	RetryAfter time.Duration `json:"-"` // what the portal asked for; 0 if nothing
	// Browser is set where HTTP gave something odd and the browser lane may do
	// better.
	Browser bool `json:"-"`
}

// NewMissing says of an attachment why it could not be had.
func NewMissing(a Attachment, cause Cause, detail string) Missing {
	m := Missing{Cause: cause, Detail: detail, Answer: a.Refusal, Evidence: a.Evidence}
	m.Of(a)
	return m
}

// Of says which attachment is missing.
func (m *Missing) Of(a Attachment) {
	m.ID, m.Name, m.URL = a.ID, strings.TrimSpace(a.Name), PublicURL(a.URL)
	if u, err := url.Parse(m.URL); m.Name == "" && err == nil {
		m.Name = strings.Trim(path.Base(u.Path), "/.") // of an empty path it is "."
	}
	if m.Name == "" {
		m.Name = "a file without a name"
	}
}
